import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { Problem } from '../api/errors';
import { signIn, signInMethods } from '../api/session';
import { Button, DialogActions, ErrorState, formatDuration, Notice, Skeleton, TextField } from '../design';

/** Signs in with what the controller offers. A `name` that is given stays: it is that person's page. */
export function SignInForm({ onDone, name }: { onDone: () => void; name?: string }) {
  const methods = useQuery({ queryKey: ['session', 'methods'], queryFn: signInMethods, retry: false });
  if (methods.isError) return <ErrorState error={methods.error} onRetry={() => void methods.refetch()} />;
  if (!methods.data) return <Skeleton rows={2} />;
  if (!methods.data.local) return <Notice>This controller offers no way to sign in here.</Notice>;
  return <PasswordForm onDone={onDone} {...(name ? { known: name } : {})} />;
}

function PasswordForm({ onDone, known }: { onDone: () => void; known?: string }) {
  const [name, setName] = useState(known ?? '');
  const [password, setPassword] = useState('');
  const attempt = useMutation({ mutationFn: () => signIn({ method: 'password', name, password }), onSuccess: onDone });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name && password && !attempt.isPending) attempt.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <TextField label="User name" value={name} onChange={setName} autoComplete="username" autoFocus={!known} isDisabled={Boolean(known)} />
      <TextField label="Password" type="password" value={password} onChange={setPassword} autoComplete="current-password" autoFocus={Boolean(known)} />
      {attempt.error ? <Notice tone="bad">{whyNot(attempt.error)}</Notice> : null}
      <DialogActions>
        <Button kind="primary" type="submit" isDisabled={!name || !password} isPending={attempt.isPending}>Sign in</Button>
      </DialogActions>
    </form>
  );
}

/** The controller's own sentence, with how long to wait where it is known and not said. */
export function whyNot(error: Error): string {
  const said = error.message.charAt(0).toUpperCase() + error.message.slice(1);
  const whole = /[.!?]$/.test(said) ? said : `${said}.`;
  const wait = error instanceof Problem ? (error.retryAfter ?? error.document.retry_after_s) : undefined;
  return wait == null || /try again/i.test(said) ? whole : `${whole} Try again in ${formatDuration(wait)}.`;
}
