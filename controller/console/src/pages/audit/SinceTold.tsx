import { CircleAlert, CircleCheck } from 'lucide-react';
import { visible } from '../../design';
import { sizeOf, type KeptCheckpoint } from '../../records/keptCheckpoints';
import type { SinceVerdict } from '../../verifier/since';

/** What the verifier found out about the records that a kept checkpoint signs. */
export function SinceTold({ kept, result: { failed, verdict } }: { kept: KeptCheckpoint; result: SinceVerdict }) {
  const size = sizeOf(kept).toLocaleString('en');
  return (
    <>
      <p className={failed ? 'verifier-head verifier-bad' : 'verifier-head verifier-ok'}>
        {failed ? <CircleAlert aria-hidden="true" /> : <CircleCheck aria-hidden="true" />}{headOf(size, failed)}
      </p>
      {verdict.reason ? <p className="wrap">{visible(verdict.reason)}</p> : null}
      {failed ? null : (
        <p className="soft small">
          The verifier read the whole log as it is now, and computed the root of its first {size} records anew: it is the
          one that your checkpoint signs. What the log left out in the first place no check can show.
        </p>
      )}
    </>
  );
}

function headOf(size: string, failed: SinceVerdict['failed']): string {
  if (!failed) return `Nothing before it was changed: the log begins with the same ${size} records.`;
  if (failed === 'now') return 'The log as it is now does not hold, whatever was before.';
  if (failed === 'since') return `The log was changed: its first ${size} records are not the ones that this checkpoint signs.`;
  return 'Nothing can be said: this checkpoint is not one that the key you pinned has signed.';
}
