import type { ReactNode } from 'react';
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from 'react-aria-components';
import './Button.css';

export type ButtonKind = 'plain' | 'primary' | 'danger' | 'ghost';

export interface ButtonProps extends Omit<AriaButtonProps, 'className' | 'children' | 'style' | 'isPending'> {
  kind?: ButtonKind;
  /** An icon alone needs `aria-label`. */
  icon?: ReactNode;
  children?: ReactNode;
  /** What was asked for is under way. It keeps the focus; whoever handles the press asks no second time. */
  isPending?: boolean;
}

export function Button({ kind = 'plain', icon, children, isPending = false, ...props }: ButtonProps) {
  const form = children == null ? 'icon' : 'text';
  return (
    <AriaButton {...props} className={`button button-${kind} button-${form}`}>
      {icon}
      {isPending ? <span className="button-wait" aria-hidden="true" /> : null}
      {children}
      {isPending ? <span className="unseen">, under way</span> : null}
    </AriaButton>
  );
}
