import { useEffect, useState } from 'react';
import { loadSession, signOut } from '../../api/session';
import { Notice } from '../../design';
import { Mark } from '../Mark';
import { RecoveryCodes } from './RecoveryCodes';
import { SetUp } from './SetUp';
import './secondFactor.css';

/** All that somebody is let do whose fleet asks for a second factor, and who has none. */
export default function SecondFactorPage({ onDone }: { onDone: () => void }) {
  const [codes, setCodes] = useState<readonly string[]>();
  useEffect(() => {
    document.title = 'Set up a second factor · Cloister';
  }, []);
  // Only now is it asked what is allowed: the codes are shown until they are kept.
  const kept = () => void loadSession().then(onDone, onDone);
  const leave = () => void signOut().catch(() => location.reload());
  return (
    <main className="login">
      <div className="second-factor-box stack">
        <h1 className="login-title"><Mark />{codes ? 'Recovery codes' : 'Set up a second factor'}</h1>
        {codes ? <RecoveryCodes codes={codes} onDone={kept} /> : (
          <>
            <Notice>This fleet asks for a second factor besides the password. You can go on once you have set it up.</Notice>
            <SetUp onSet={setCodes} onLater={leave} later="Sign out" />
          </>
        )}
      </div>
    </main>
  );
}
