import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { signIn, signInMethods, type SignInMethods } from '../api/session';
import { Button, DialogActions, ErrorState, Notice, Skeleton, TextField } from '../design';
import { CodeStep, isCodeNeeded } from './CodeStep';
import { ProviderLinks } from './ProviderLinks';
import { whyNot } from './whyNot';

/** What can be shown once it is known how one can sign in. */
export function Offered({ children }: { children: (methods: SignInMethods) => ReactNode }) {
  const methods = useQuery({ queryKey: ['session', 'methods'], queryFn: signInMethods, retry: false });
  if (methods.isError) return <ErrorState error={methods.error} onRetry={() => void methods.refetch()} />;
  return methods.data ? children(methods.data) : <Skeleton rows={2} />;
}

/** Signs in with what the controller offers. Through a provider that ends at `next`. */
export function SignInForm({ onDone, next }: { onDone: () => void; next: string }) {
  return (
    <Offered>
      {({ local, issuers }) => {
        if (!local && issuers.length === 0) return <Notice>This controller offers no way to sign in here.</Notice>;
        return (
          <>
            {issuers.length > 0 ? <ProviderLinks issuers={issuers} next={next} /> : null}
            {local && issuers.length > 0 ? <p className="or soft small">or with a local account</p> : null}
            {local ? <PasswordForm onDone={onDone} isFirst={issuers.length === 0} /> : null}
          </>
        );
      }}
    </Offered>
  );
}

/** A name that is `known` stays: it is that person's page. What stands above the form is not jumped over. */
export function PasswordForm({ onDone, known, isFirst = true }: { onDone: () => void; known?: string; isFirst?: boolean }) {
  const [name, setName] = useState(known ?? '');
  const [password, setPassword] = useState('');
  const [asksForCode, setAsksForCode] = useState(false);
  const attempt = useMutation({
    mutationFn: (code?: string) => signIn({ method: 'password', name, password, ...(code ? { code } : {}) }),
    onSuccess: onDone,
    onError: (error) => { if (isCodeNeeded(error)) setAsksForCode(true); },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name && password && !attempt.isPending) attempt.mutate(undefined);
  };
  const back = () => {
    setAsksForCode(false);
    attempt.reset();
  };
  if (asksForCode) {
    return (
      <>
        <p>The password is right. This account has a second factor, too.</p>
        <CodeStep error={attempt.error} isPending={attempt.isPending} onCode={attempt.mutate} onBack={back} />
      </>
    );
  }
  return (
    <form className="stack" onSubmit={submit}>
      <TextField label="User name" value={name} onChange={setName} autoComplete="username" autoFocus={!known && isFirst} isDisabled={Boolean(known)} />
      <TextField label="Password" type="password" value={password} onChange={setPassword} autoComplete="current-password" autoFocus={Boolean(known)} />
      {attempt.error ? <Notice tone="bad">{whyNot(attempt.error)}</Notice> : null}
      <DialogActions>
        <Button kind="primary" type="submit" isDisabled={!name || !password} isPending={attempt.isPending}>Sign in</Button>
      </DialogActions>
    </form>
  );
}
