import { useState, type FormEvent } from 'react';
import { Problem } from '../api/errors';
import { Button, DialogActions, Notice, TextField } from '../design';
import { whyNot } from './whyNot';

/** The first step was right, and the account has a second factor. */
export const isCodeNeeded = (error: Error | null): boolean => error instanceof Problem && error.kind === 'code-needed';

export interface CodeFieldProps {
  value: string;
  onChange: (value: string) => void;
  error?: string | undefined;
  autoFocus?: boolean;
}

/** Where a code of the app does, or one that was written down. */
export function CodeField(props: CodeFieldProps) {
  return <TextField label="Code" hint="The 6 digits that your authenticator app shows, or one of your recovery codes" autoComplete="one-time-code" mono {...props} />;
}

export interface CodeStepProps {
  /** Of the last try; that a code is needed is none. */
  error: Error | null;
  isPending: boolean;
  onCode: (code: string) => void;
  onBack: () => void;
}

/** The second step of signing in. */
export function CodeStep({ error, isPending, onCode, onBack }: CodeStepProps) {
  const [code, setCode] = useState('');
  const refusal = error && !isCodeNeeded(error) ? error : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!code.trim() || isPending) return;
    onCode(code);
    // Whether right or wrong, it is worth nothing any more.
    setCode('');
  };
  return (
    <form className="stack" onSubmit={submit}>
      <CodeField value={code} onChange={setCode} autoFocus />
      {refusal ? <Notice tone="bad">{whyNot(refusal)}</Notice> : null}
      <p className="soft small">Lost both? A fleet admin can reset your second factor.</p>
      <DialogActions>
        <Button onPress={onBack}>Back</Button>
        <Button kind="primary" type="submit" isDisabled={!code.trim()} isPending={isPending}>Sign in</Button>
      </DialogActions>
    </form>
  );
}
