import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { Problem } from '../api/errors';
import { signIn, signInMethods } from '../api/session';
import { Button, DialogActions, formatDuration, Notice, Skeleton, TextField } from '../design';

/** Signs in with what the controller offers; with an identity provider `elsewhere`, if this page must stay. */
export function SignInForm({ onDone, elsewhere = false }: { onDone: () => void; elsewhere?: boolean }) {
  const methods = useQuery({ queryKey: ['session', 'methods'], queryFn: signInMethods });
  if (methods.isError) return <Notice tone="bad">{methods.error.message}</Notice>;
  if (!methods.data) return <Skeleton rows={2} />;
  return (
    <div className="stack">
      {methods.data.oidc.map((issuer) => (
        <a key={issuer.id} className="button button-plain" href={issuer.start_url} {...(elsewhere ? { target: '_blank', rel: 'noopener' } : {})}>Sign in with {issuer.name}</a>
      ))}
      {methods.data.local ? <PasswordForm onDone={onDone} /> : null}
    </div>
  );
}

function PasswordForm({ onDone }: { onDone: () => void }) {
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const attempt = useMutation({
    mutationFn: () => signIn({ method: 'password', username, password, ...(code ? { totp: code } : {}) }),
    onSuccess: onDone,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!attempt.isPending) attempt.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <TextField label="User name" value={username} onChange={setUsername} autoComplete="username" autoFocus />
      <TextField label="Password" type="password" value={password} onChange={setPassword} autoComplete="current-password" />
      <TextField label="Code from your authenticator" hint="Only if your account has one" value={code} onChange={setCode} autoComplete="one-time-code" />
      {attempt.error ? <Notice tone="bad">{whyNot(attempt.error)}</Notice> : null}
      <DialogActions>
        <Button kind="primary" type="submit" isDisabled={!username || !password} isPending={attempt.isPending}>Sign in</Button>
      </DialogActions>
    </form>
  );
}

export function whyNot(error: Error): string {
  if (error instanceof Problem && error.status === 429 && error.retryAfter !== undefined) {
    return `${error.message} Try again in ${formatDuration(error.retryAfter)}.`;
  }
  return error.message;
}
