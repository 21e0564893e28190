import type { ReactNode } from 'react';
import { Checkbox } from 'react-aria-components';
import './Check.css';

/** One thing that is so or not. */
export function Check({ isSelected, onChange, children }: { isSelected: boolean; onChange: (selected: boolean) => void; children: ReactNode }) {
  return (
    <Checkbox className="check" isSelected={isSelected} onChange={onChange}>
      <span className="check-box" aria-hidden="true" />{children}
    </Checkbox>
  );
}
