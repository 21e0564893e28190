import { lazy, Suspense, useState, type ReactNode } from 'react';
import { useSession } from '../../api/session';
import { Guard } from '../Guard';

const SecondFactorPage = lazy(() => import('./SecondFactorPage'));

/** What is behind it is not shown, nor asked for, while a second factor is still to be set up. */
export function SecondFactorGate({ children }: { children: ReactNode }) {
  const { account } = useSession();
  const [isSettingUp, setSettingUp] = useState(false);
  // Once begun it goes on until the recovery codes were shown, although the controller is content before that.
  if (account.needs_second_factor && !isSettingUp) setSettingUp(true);
  if (!isSettingUp) return children;
  return <Guard><Suspense fallback={<main className="login" />}><SecondFactorPage onDone={() => setSettingUp(false)} /></Suspense></Guard>;
}
