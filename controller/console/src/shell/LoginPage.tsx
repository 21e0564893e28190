import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { signIn } from '../api/session';
import { Notice } from '../design';
import { CodeStep, isCodeNeeded } from './CodeStep';
import { Mark } from './Mark';
import { NewPasswordForm } from './NewPasswordForm';
import { linkToken, safeNext } from './next';
import { whyNotThere } from './providerErrors';
import { SignInForm } from './SignInForm';
import { whyNot } from './whyNot';

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
  const asked = new URLSearchParams(here ? place.search : '');
  const next = here ? safeNext(asked.get('next')) : place.pathname + place.search;
  const refused = whyNotThere(asked.get('oidc_error'));
  const done = () => void navigate(next, { replace: true });
  return (
    <main className="login">
      <div className="login-box stack">
        <h1 className="login-title"><Mark />Cloister</h1>
        {refused ? <Notice tone="bad">{refused}</Notice> : null}
        {token ? <LinkSignIn token={token} onDone={done} next={next} /> : <SignInForm onDone={done} next={next} />}
      </div>
    </main>
  );
}

function LinkSignIn({ token, onDone, next }: { token: string; onDone: () => void; next: string }) {
  const [asksForCode, setAsksForCode] = useState(false);
  const [isGivenUp, giveUp] = useState(false);
  const attempt = useMutation({
    mutationFn: (code?: string) => signIn({ method: 'link', token, ...(code ? { code } : {}) }),
    onError: (error) => { if (isCodeNeeded(error)) setAsksForCode(true); },
  });
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    attempt.mutate(undefined);
  }, [attempt]);
  if (asksForCode && !isGivenUp && !attempt.isSuccess) {
    return (
      <>
        <p>The link is right. This account has a second factor, too.</p>
        <CodeStep error={attempt.error} isPending={attempt.isPending} onCode={attempt.mutate} onBack={() => giveUp(true)} />
      </>
    );
  }
  if (attempt.isError) {
    return (
      <>
        {asksForCode ? null : <Notice tone="bad">{whyNot(attempt.error)}</Notice>}
        <SignInForm onDone={onDone} next={next} />
      </>
    );
  }
  if (!attempt.isSuccess) return <p role="status">Signing in…</p>;
  return <PasswordAfterLink isFirst={!attempt.data.account.has_password} onDone={onDone} />;
}

/** Of somebody who came by a link, having no password yet or having lost it; it can be put off. */
function PasswordAfterLink({ isFirst, onDone }: { isFirst: boolean; onDone: () => void }) {
  const next = isFirst
    ? 'choose a password for the next time.'
    : 'if you lost your password, choose another one now. The old one then ends, and so do your other sessions.';
  return (
    <>
      <p>You are signed in. The link will not work again: {next}</p>
      <NewPasswordForm needsPresent={false} onDone={onDone} onLater={onDone} later={isFirst ? 'Later' : 'Keep the old one'} />
    </>
  );
}
