import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { setPassword } from '../api/session';
import { Button, DialogActions, Notice, TextField } from '../design';
import { whyNot } from './whyNot';

export const SHORTEST = 12;
export const LONGEST = 256;

/** Why the controller would not take it, before it is asked. Characters are counted as it counts them. */
export function passwordProblem(password: string): string | undefined {
  const length = [...password].length;
  if (length > LONGEST) return `At most ${LONGEST} characters`;
  return length < SHORTEST ? `At least ${SHORTEST} characters; ${length} so far` : undefined;
}

export interface NewPasswordProps {
  /** Whether the present one is asked for, too: not of somebody who came by a login link. */
  needsPresent: boolean;
  onDone: () => void;
  onLater: () => void;
  later: string;
}

export function NewPasswordForm({ needsPresent, onDone, onLater, later }: NewPasswordProps) {
  const [present, setPresent] = useState('');
  const [fresh, setFresh] = useState('');
  const [tried, setTried] = useState(false);
  const problem = passwordProblem(fresh);
  const save = useMutation({ mutationFn: () => setPassword(fresh, present), onSuccess: onDone });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!problem && (present || !needsPresent) && !save.isPending) save.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      {needsPresent ? <TextField label="Present password" type="password" value={present} onChange={setPresent} error={tried && !present ? 'Needed to change it' : undefined} autoComplete="current-password" autoFocus /> : null}
      <TextField label="New password" type="password" hint={`At least ${SHORTEST} characters; a sentence is easier to keep in mind than signs`} value={fresh} onChange={setFresh} error={tried ? problem : undefined} autoComplete="new-password" autoFocus={!needsPresent} />
      {save.error ? <Notice tone="bad">{whyNot(save.error)}</Notice> : null}
      <DialogActions>
        <Button onPress={onLater}>{later}</Button>
        <Button kind="primary" type="submit" isPending={save.isPending}>Save password</Button>
      </DialogActions>
    </form>
  );
}
