import type { ReactNode } from 'react';
import {
  FieldError, Input, Label, ListBox, ListBoxItem, NumberField as AriaNumberField, Popover, Button as AriaButton,
  Select as AriaSelect, SelectValue, Text, TextArea, TextField as AriaTextField,
} from 'react-aria-components';
import { ChevronDown } from 'lucide-react';
import { visible } from './format';
import './Field.css';

interface Base {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  isRequired?: boolean;
  isDisabled?: boolean;
  autoFocus?: boolean;
}

function Below({ hint, error }: Pick<Base, 'hint' | 'error'>) {
  return (
    <>
      {hint ? <Text slot="description" className="field-hint">{hint}</Text> : null}
      <FieldError className="field-error">{error}</FieldError>
    </>
  );
}

export interface TextFieldProps extends Base {
  value: string;
  onChange: (value: string) => void;
  type?: 'text' | 'password' | 'url' | 'datetime-local';
  lines?: number;
  mono?: boolean;
  placeholder?: string;
  autoComplete?: string;
}

export function TextField({ label, hint, error, value, onChange, lines, mono, placeholder, type = 'text', autoComplete = 'off', ...state }: TextFieldProps) {
  const look = `field-input${mono ? ' mono' : ''}`;
  return (
    <AriaTextField {...state} className="field" value={value} onChange={onChange} type={type} autoComplete={autoComplete} isInvalid={Boolean(error)} validationBehavior="aria">
      <Label className="field-label">{label}</Label>
      {lines
        ? <TextArea className={look} rows={lines} placeholder={placeholder ?? ''} spellCheck="false" />
        : <Input className={look} placeholder={placeholder ?? ''} spellCheck="false" autoCapitalize="off" />}
      <Below hint={hint} error={error} />
    </AriaTextField>
  );
}

export interface NumberFieldProps extends Base {
  value: number;
  onChange: (value: number) => void;
  min: number;
  max: number;
}

export function NumberField({ label, hint, error, value, onChange, min, max, ...state }: NumberFieldProps) {
  return (
    <AriaNumberField {...state} className="field" value={value} onChange={onChange} minValue={min} maxValue={max} isInvalid={Boolean(error)} validationBehavior="aria">
      <Label className="field-label">{label}</Label>
      <Input className="field-input field-number" />
      <Below hint={hint} error={error} />
    </AriaNumberField>
  );
}

export interface SelectProps extends Base {
  value: string;
  onChange: (value: string) => void;
  options: readonly { id: string; label: string; note?: string }[];
}

export function Select({ label, hint, error, value, onChange, options, ...state }: SelectProps) {
  return (
    <AriaSelect {...state} className="field" selectedKey={value} onSelectionChange={(key) => onChange(String(key))} isInvalid={Boolean(error)} validationBehavior="aria">
      <Label className="field-label">{label}</Label>
      <AriaButton className="field-input field-select"><SelectValue /><ChevronDown aria-hidden="true" /></AriaButton>
      <Below hint={hint} error={error} />
      <Popover className="popover field-options">
        <ListBox className="list" items={options}>
          {(option) => (
            <ListBoxItem id={option.id} textValue={visible(option.label)} className="list-item">
              <span>{visible(option.label)}</span>{option.note ? <span className="soft small">{option.note}</span> : null}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
