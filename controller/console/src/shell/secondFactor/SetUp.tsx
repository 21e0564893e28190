import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useSession } from '../../api/session';
import { Button, CopyField, DialogActions, ErrorState, Notice, Skeleton, TextField, Time } from '../../design';
import { whyNot } from '../whyNot';
import { confirm, offer, type Offered } from './api';
import { QrCode } from './QrCode';
import './secondFactor.css';

export interface SetUpProps {
  onSet: (recoveryCodes: string[]) => void;
  onLater: () => void;
  later: string;
}

/** What the app is told, and a first code of it. */
export function SetUp({ onSet, onLater, later }: SetUpProps) {
  const offered = useMutation({ mutationFn: offer });
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    offered.mutate();
  }, [offered]);
  if (offered.error) return <ErrorState error={offered.error} onRetry={() => offered.mutate()} />;
  if (!offered.data) return <Skeleton rows={6} />;
  return <FirstCode key={offered.data.secret} offered={offered.data} onSet={onSet} onLater={onLater} later={later} onAnew={() => offered.mutate()} />;
}

function FirstCode({ offered, onSet, onLater, later, onAnew }: SetUpProps & { offered: Offered; onAnew: () => void }) {
  const { account } = useSession();
  const [code, setCode] = useState('');
  const [password, setPassword] = useState('');
  const complete = Boolean(code.trim()) && (Boolean(password) || !account.needs_current_password);
  const confirmed = useMutation({ mutationFn: () => confirm(code, password), onSuccess: onSet });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (complete && !confirmed.isPending) confirmed.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <div className="set-up">
        <QrCode text={offered.uri} label="QR code for your authenticator app" />
        <div className="stack">
          <ol className="steps">
            <li>Scan the QR code with an authenticator app on your phone.</li>
            <li>Type the 6 digits that it shows.</li>
          </ol>
          <div className="set-up-secret">
            <p className="soft small">No camera? Type this into the app:</p>
            <CopyField value={offered.secret} shown={offered.secret.replace(/(.{4})(?=.)/g, '$1 ')} label="the secret" block />
          </div>
          <TextField label="Code" value={code} onChange={setCode} autoComplete="one-time-code" mono autoFocus />
          {account.needs_current_password ? <TextField label="Present password" type="password" value={password} onChange={setPassword} autoComplete="current-password" /> : null}
        </div>
      </div>
      {confirmed.error ? <Notice tone="bad">{whyNot(confirmed.error)} <Button kind="ghost" onPress={onAnew}>Begin anew</Button></Notice> : null}
      <p className="soft small">Whoever sees this page can make your codes. It expires <Time at={offered.expires_at} />. Your other sessions end once the code is right.</p>
      <DialogActions>
        <Button onPress={onLater}>{later}</Button>
        <Button kind="primary" type="submit" isDisabled={!complete} isPending={confirmed.isPending}>Turn it on</Button>
      </DialogActions>
    </form>
  );
}
