import { Download } from 'lucide-react';
import { useSession } from '../../api/session';
import { Button, CopyField, DialogActions, Notice } from '../../design';
import { saveFile } from '../../records/evidence';
import './secondFactor.css';

/** Shown once, right after the first code. */
export function RecoveryCodes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const { account } = useSession();
  const save = () => saveFile(new Blob([`Cloister, recovery codes of ${account.name}. Each works once.\n\n${codes.join('\n')}\n`], { type: 'text/plain' }), `cloister-recovery-${account.name}.txt`);
  return (
    <div className="stack">
      <p>Your second factor is on. If you ever lose the app, each of these codes lets you in once in its place:</p>
      <ul className="recovery" aria-label="Recovery codes">{codes.map((code) => <li key={code}><code>{code}</code></li>)}</ul>
      <div className="row">
        <Button icon={<Download />} onPress={save}>Save as a file</Button>
        <CopyField value={codes.join('\n')} shown="or copy all ten" label="the recovery codes" />
      </div>
      <Notice tone="warn">They are shown only now. Keep them where your phone is not: on paper, or in a password manager.</Notice>
      <DialogActions><Button kind="primary" onPress={onDone}>I have kept them</Button></DialogActions>
    </div>
  );
}
