import { useState } from 'react';
import { client, take } from '../api/client';
import { Button, TextField } from '../design';
import { isVerifierKey, pinKey } from './pinnedKey';

/** Asks once for the log's public key, and keeps it in this browser. */
export function PinKey({ onPinned }: { onPinned: (key: string) => void }) {
  const [text, setText] = useState('');
  const [error, setError] = useState<string>();
  const [fromController, setFromController] = useState(false);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    const key = text.trim();
    if (!isVerifierKey(key)) return setError('A key has the form origin+id+base64; it is what audit.vkey holds.');
    pinKey(key);
    return onPinned(key);
  };
  const ask = async () => {
    setText((await take(client.GET('/api/v1/audit/key', { parseAs: 'text' }))).trim());
    setFromController(true);
  };
  return (
    <form className="verifier-stack" onSubmit={submit}>
      <p className="soft small">
        To check records here, pin the log’s public key: as you got it when the fleet was installed, or from somebody you
        trust. It stays in this browser.
      </p>
      <TextField label="The log’s public key (audit.vkey)" value={text} onChange={(now) => { setText(now); setError(undefined); setFromController(false); }} error={error} mono isRequired />
      {fromController ? (
        <p className="small verifier-warning">
          This key comes from the controller that is to be checked. Compare it with one that you have from elsewhere
          before you rely on it.
        </p>
      ) : null}
      <div className="verifier-actions">
        <Button kind="primary" type="submit">Pin it</Button>
        <Button kind="ghost" onPress={() => void ask()}>Take the controller’s own</Button>
      </div>
    </form>
  );
}
