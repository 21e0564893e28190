import { useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { Link, useParams } from 'react-router';
import { client, take } from '../../api/client';
import type { AuditRecord } from '../../api/queries';
import { useMay } from '../../api/session';
import { Badge, CopyField, ErrorState, exactTime, Facts, PageHead, Section, Skeleton, Time, visible } from '../../design';
import { answerSentences, changes, readLeaf, sentence } from './leaf';

const parent = { title: 'Audit', to: '/audit' };

export function RecordPage() {
  const { id = '' } = useParams();
  // A record never changes: it is read once.
  const query = useQuery({
    queryKey: ['records', 'one', id], staleTime: Infinity,
    queryFn: () => take(client.GET('/api/v1/audit/records/{record_id}', { params: { path: { record_id: id } } })),
  });
  if (query.data) return <Told record={query.data} />;
  return (
    <>
      <PageHead title="Record" parent={parent} />
      {query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={6} />}
    </>
  );
}

function Told({ record }: { record: AuditRecord }) {
  const mayExport = useMay()('audit.export');
  const leaf = readLeaf(record.leaf_json);
  const changed = changes(leaf);
  const evidence = <a className="button button-plain button-text" href={`/api/v1/audit/records/${encodeURIComponent(record.id)}/evidence`} download={`${record.id}.evidence.jsonl`}><Download aria-hidden="true" />Evidence</a>;
  return (
    <>
      <PageHead title={`Record ${record.seq}`} parent={parent} note={<Outcome of={leaf.outcome} />} actions={mayExport ? evidence : null} />
      <div className="told">
        <p className="told-first wrap">{visible(sentence(record.kind, leaf))}, on {exactTime(new Date(record.time))}.</p>
        {leaf.actor?.address ? <p>The call came from {leaf.actor.address}.</p> : null}
        {answerSentences(leaf).map((text) => <p key={text}>{text}</p>)}
        {leaf.intent ? <p>It closes <Link to={`/audit/${encodeURIComponent(leaf.intent)}`}>the record of its request</Link>.</p> : null}
      </div>
      {changed.length > 0 ? <Section title="What changed"><Facts of={changed.map(([field, value]) => [field, visible(value)])} /></Section> : null}
      <Section title="Record">
        <Facts of={[
          ['Kind', <Link key="kind" to={`/audit?kind=${encodeURIComponent(record.kind)}`}>{record.kind}</Link>],
          ['Time', <Time key="time" at={record.time} exact />],
          ['Subject', leaf.subject?.id ? <Link key="subject" to={`/audit?subject=${encodeURIComponent(leaf.subject.id)}`}>{leaf.subject.kind} {leaf.subject.name ?? leaf.subject.id}</Link> : undefined],
          ['By', leaf.actor ? `${leaf.actor.kind ?? ''} ${leaf.actor.name ?? leaf.actor.id ?? ''}` : undefined],
          ['Place in the log', record.seq],
          ['Id', <CopyField key="id" value={record.id} label="the record’s id" />],
        ]} />
      </Section>
      <Section title="As it is hashed into the log" note="canonical JSON, byte for byte"><div className="leaf"><CopyField value={record.leaf_json} label="the record’s canonical text" block /></div></Section>
    </>
  );
}

function Outcome({ of }: { of: string | undefined }) {
  if (!of) return null;
  return <Badge tone={of === 'success' ? 'ok' : 'bad'}>{of}</Badge>;
}
