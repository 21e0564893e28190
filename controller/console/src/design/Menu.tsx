import type { ReactNode } from 'react';
import { Menu as AriaMenu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import './Field.css';

export interface MenuChoice {
  id: string;
  label: string;
  icon?: ReactNode;
  hint?: string;
  disabled?: boolean;
  onAction: () => void;
}

/** A button (the only child) that opens a list of choices. */
export function Menu({ label, choices, children }: { label: string; choices: readonly MenuChoice[]; children: ReactNode }) {
  const disabled = choices.filter((choice) => choice.disabled).map((choice) => choice.id);
  return (
    <MenuTrigger>
      {children}
      <Popover className="popover" placement="bottom end">
        <AriaMenu className="list" aria-label={label} disabledKeys={disabled} onAction={(id) => choices.find((choice) => choice.id === id)?.onAction()}>
          {choices.map((choice) => (
            <MenuItem key={choice.id} id={choice.id} textValue={choice.label} className="list-item">
              <span className="row">{choice.icon}{choice.label}</span>
              {choice.hint ? <kbd className="soft small">{choice.hint}</kbd> : null}
            </MenuItem>
          ))}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}
