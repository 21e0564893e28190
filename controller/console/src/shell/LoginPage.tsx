import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { setPassword, signIn } from '../api/session';
import { Button, DialogActions, Notice, TextField } from '../design';
import { Mark } from './Mark';
import { linkToken, safeNext } from './next';
import { SignInForm, whyNot } from './SignInForm';

export function LoginPage() {
  const navigate = useNavigate();
  const place = useLocation();
  const [token] = useState(() => linkToken(location.hash));
  const here = place.pathname === '/login';
  useEffect(() => {
    document.title = 'Sign in · Cloister';
    // The token works once; it still has no business in the history.
    if (token) history.replaceState(null, '', location.pathname + location.search);
  }, [token]);
  const done = () => {
    const wanted = here ? safeNext(new URLSearchParams(place.search).get('next')) : place.pathname + place.search;
    void navigate(wanted, { replace: true });
  };
  return (
    <main className="login">
      <div className="login-box stack">
        <h1 className="login-title"><Mark />Cloister</h1>
        {token ? <LinkSignIn token={token} onDone={done} /> : <SignInForm onDone={done} />}
      </div>
    </main>
  );
}

function LinkSignIn({ token, onDone }: { token: string; onDone: () => void }) {
  const attempt = useMutation({ mutationFn: () => signIn({ method: 'link', token }) });
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    attempt.mutate();
  }, [attempt]);
  if (attempt.isError) {
    return (
      <>
        <Notice tone="bad">{whyNot(attempt.error)} A link works once and not for long; start the controller again for another, or sign in here.</Notice>
        <SignInForm onDone={onDone} />
      </>
    );
  }
  return attempt.isSuccess ? <FirstPassword onDone={onDone} /> : <p role="status">Signing in…</p>;
}

function FirstPassword({ onDone }: { onDone: () => void }) {
  const [password, setTyped] = useState('');
  const save = useMutation({ mutationFn: () => setPassword(password), onSuccess: onDone });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (password && !save.isPending) save.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p>You are signed in. The link will not work again: choose a password for the next time.</p>
      <TextField label="New password" type="password" value={password} onChange={setTyped} autoComplete="new-password" autoFocus />
      {save.error ? <Notice tone="bad">{save.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onDone}>Later</Button>
        <Button kind="primary" type="submit" isDisabled={!password} isPending={save.isPending}>Save password</Button>
      </DialogActions>
    </form>
  );
}
