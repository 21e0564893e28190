import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useSession } from '../../api/session';
import { Button, DialogActions, Notice, TextField, Time } from '../../design';
import { CodeField } from '../CodeStep';
import { whyNot } from '../whyNot';
import { remove, type SecondFactor } from './api';

const FEW = 3;

/** How it stands, and the way out: a code and the password together. */
export function Remove({ state, setAt, onRemoved, onClose }: { state: SecondFactor; setAt: string; onRemoved: () => void; onClose: () => void }) {
  const { account } = useSession();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const left = state.recovery_codes_left;
  const complete = Boolean(code.trim()) && (Boolean(password) || !account.has_password);
  const removed = useMutation({ mutationFn: () => remove(code, password), onSuccess: onRemoved, onError: () => setCode('') });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (complete && !removed.isPending) removed.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p>Set up <Time at={setAt} />. Signing in asks for a code of your authenticator app.</p>
      {left > FEW
        ? <p>{left} recovery codes are left.</p>
        : <Notice tone="warn">{left === 0 ? 'No recovery code is' : `Only ${left} recovery ${left === 1 ? 'code is' : 'codes are'}`} left. Remove the second factor and set it up again to get ten new ones.</Notice>}
      <h3>Remove it</h3>
      <p className="soft">From then on your password alone lets in, and your recovery codes are void. {state.is_required ? 'This fleet asks for a second factor: you can do nothing else until you have set up another.' : 'For another phone, remove it and set it up anew.'}</p>
      {account.has_password ? <TextField label="Present password" type="password" value={password} onChange={setPassword} autoComplete="current-password" /> : null}
      <CodeField value={code} onChange={setCode} />
      {removed.error ? <Notice tone="bad">{whyNot(removed.error)}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Keep it</Button>
        <Button kind="danger" type="submit" isDisabled={!complete} isPending={removed.isPending}>Remove second factor</Button>
      </DialogActions>
    </form>
  );
}
