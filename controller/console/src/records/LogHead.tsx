import { useQuery } from '@tanstack/react-query';
import { CopyField, ErrorState, Facts, Skeleton, visible } from '../design';
import { parseCheckpoint } from './checkpoint';
import { checkpoint } from './queries';
import './records.css';

/** The signed head of the log, and the key that verifies it. */
export function LogHead() {
  const query = useQuery(checkpoint);
  if (!query.data) return query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={3} />;
  const { checkpoint: note, verifier_key: key } = query.data;
  const parts = parseCheckpoint(note);
  return (
    <>
      <Facts of={[
        ['Records', parts?.size.toLocaleString('en')],
        ['Root hash', parts ? <CopyField key="root" value={parts.rootHash} label="the root hash" /> : undefined],
        ['Log', parts ? visible(parts.origin) : undefined],
        ['Signature', parts ? <CopyField key="signature" value={parts.signature} label="the signature line" /> : undefined],
        ['Public key', <CopyField key="key" value={key} label="the log’s public key" />],
        ['Signed note', <CopyField key="note" value={note} shown={parts ? 'the whole checkpoint' : note} label="the whole checkpoint" />],
      ]} />
      <p className="soft small log-note">Keep the public key somewhere else, once: evidence is checked with the key that you kept, not with the one that comes beside it. Keep a checkpoint now and then: a later log must extend it.</p>
    </>
  );
}
