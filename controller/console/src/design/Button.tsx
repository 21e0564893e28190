import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components';
import './Button.css';

export type ButtonKind = 'plain' | 'primary' | 'danger' | 'ghost';

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'children' | 'style'> {
  kind?: ButtonKind;
  /** An icon alone needs `aria-label`. */
  icon?: ReactNode;
  children?: ReactNode;
}

export function Button({ kind = 'plain', icon, children, ...props }: ButtonProps) {
  const form = children == null ? 'icon' : 'text';
  return (
    <AriaButton {...props} className={`button button-${kind} button-${form}`}>
      {icon}
      {props.isPending ? <span className="button-wait" aria-hidden="true" /> : null}
      {children}
    </AriaButton>
  );
}
