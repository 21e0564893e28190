import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState, type ReactNode } from 'react';
import { useLocation } from 'react-router';
import { loadSession, signOut, useSessionState } from '../api/session';
import { onRecovery } from '../api/connection';
import { Button, Dialog, ErrorState } from '../design';
import { LoginPage } from './LoginPage';
import { IdleNotice } from './IdleNotice';
import { SecondFactorGate } from './secondFactor/SecondFactorGate';
import { SignInAgain } from './SignInAgain';
import './login.css';

const ELSEWHERE_MS = 2000;

/** Nothing behind it is asked for, or shown, before somebody is signed in. */
export function SessionGate({ children }: { children: ReactNode }) {
  const state = useSessionState();
  const { pathname } = useLocation();
  const queries = useQueryClient();
  const [error, setError] = useState<Error>();
  const load = () => void loadSession().then(() => setError(undefined), setError);
  useEffect(() => {
    load();
    return onRecovery(load);
  }, []);
  useEffect(() => {
    // Of what one person read, nothing is kept for the next.
    if (state.phase === 'signed-out') queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
  }, [state.phase, queries]);

  // Somebody may sign in again in another tab.
  const interrupted = state.phase === 'signed-in' && state.interrupted;
  useEffect(() => {
    if (!interrupted) return undefined;
    // Nobody who passes by reads what is on the page.
    document.documentElement.toggleAttribute('data-locked', true);
    const timer = setInterval(() => void loadSession().catch(() => undefined), ELSEWHERE_MS);
    return () => {
      clearInterval(timer);
      document.documentElement.removeAttribute('data-locked');
    };
  }, [interrupted]);

  if (state.phase === 'unknown') return <main className="login">{error ? <ErrorState error={error} onRetry={load} /> : null}</main>;
  if (state.phase === 'signed-out' || pathname === '/login') return <LoginPage />;
  return (
    <>
      <SecondFactorGate>{children}</SecondFactorGate>
      <IdleNotice />
      <Dialog title="Sign in again to go on" isOpen={state.interrupted} onClose={() => undefined} closable={false}>
        <div className="sign-in-again">
          <p className="soft">Your session has ended. What you typed is still here.</p>
          <SignInAgain account={state.session.account} />
          <Button kind="ghost" onPress={() => void signOut().catch(() => location.reload())}>Leave, and sign in as somebody else</Button>
        </div>
      </Dialog>
    </>
  );
}
