import { useState, type FormEvent, type ReactNode } from 'react';
import { Button } from './Button';
import { Dialog, DialogActions } from './Dialog';
import { TextField } from './Field';
import { Notice } from './states';

export interface ConfirmByNameProps {
  title: string;
  /** What must be typed. */
  name: string;
  action: string;
  /** What will happen, before anything happens. */
  children: ReactNode;
  isOpen: boolean;
  isPending: boolean;
  error?: Error | null;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks for the name of what is about to be removed, and does nothing before it is right. */
export function ConfirmByName(props: ConfirmByNameProps) {
  return (
    <Dialog title={props.title} isOpen={props.isOpen} onClose={props.onClose} role="alertdialog">
      <ConfirmForm {...props} />
    </Dialog>
  );
}

function ConfirmForm({ name, action, children, isPending, error, onConfirm, onClose }: ConfirmByNameProps) {
  const [typed, setTyped] = useState('');
  const right = typed.trim() === name;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (right && !isPending) onConfirm();
  };
  return (
    <form className="stack" onSubmit={submit}>
      {children}
      <TextField label={`Type ${name} to confirm`} value={typed} onChange={setTyped} mono autoFocus />
      {error ? <Notice tone="bad">{error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Keep it</Button>
        <Button kind="danger" type="submit" isDisabled={!right} isPending={isPending}>{action}</Button>
      </DialogActions>
    </form>
  );
}
