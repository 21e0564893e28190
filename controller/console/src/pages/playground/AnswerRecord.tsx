import { useQuery } from '@tanstack/react-query';
import { useMay } from '../../api/session';
import { CopyField, ErrorState, Skeleton } from '../../design';
import { CheckOffline, SaveEvidence } from '../../records/SaveEvidence';
import { closing, record } from '../../records/queries';
import { VerifyHere } from '../../verifier/VerifyHere';
import { HalfOfPair } from '../../records/RecordTold';

/** What the log says of an answer: the record from before it was asked, and the one that closed it. */
export function AnswerRecord({ requested, closedBy }: { requested: string; closedBy: string | undefined }) {
  const may = useMay();
  return (
    <section className="answer-record stack-close" aria-label="The record of this answer">
      <p className="row">Record <CopyField value={requested} label="the record’s id" /></p>
      {may('audit.read') ? <Told requested={requested} closedBy={closedBy} /> : <p className="soft small">Who may read the log can look it up by this id, and prove what it says.</p>}
      {may('audit.export') ? (
        <>
          <div className="row"><SaveEvidence ids={[requested]} label="Save the evidence" /></div>
          <VerifyHere ids={[requested]} />
          <CheckOffline ids={[requested]} />
        </>
      ) : null}
    </section>
  );
}

function Told({ requested, closedBy }: { requested: string; closedBy: string | undefined }) {
  const first = useQuery(record(requested));
  const named = useQuery({ ...record(closedBy ?? ''), enabled: closedBy !== undefined });
  // An answer that was stopped does not say which record closed it.
  const found = useQuery({ ...closing({ id: requested }), enabled: closedBy === undefined });
  const failed = [first, named, found].find(({ error }) => error);
  if (failed?.error) return <ErrorState error={failed.error} onRetry={() => void failed.refetch()} />;
  if (!first.data) return <Skeleton rows={2} />;
  const last = named.data ?? found.data;
  return (
    <ol className="pair">
      <HalfOfPair title="Before it was asked" record={first.data} />
      {last ? <HalfOfPair title="When it ended" record={last} /> : <li className="soft small" role="status">The record that closes it is not there yet.</li>}
    </ol>
  );
}
