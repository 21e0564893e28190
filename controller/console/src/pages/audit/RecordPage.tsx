import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { useMay } from '../../api/session';
import { Badge, CopyField, ErrorState, Facts, PageHead, Section, Skeleton, Time, visible } from '../../design';
import { FieldTable } from '../../records/FieldTable';
import { readLeaf, type Leaf } from '../../records/leaf';
import { record, type StoredRecord } from '../../records/queries';
import { RecordTold } from '../../records/RecordTold';
import { CheckOffline, SaveEvidence } from '../../records/SaveEvidence';
import { subjectName } from '../../records/tell';
import { VerifyHere } from '../../verifier/VerifyHere';
import { Pair } from './Pair';

const parent = { title: 'Audit', to: '/audit' };

export function RecordPage() {
  const { id = '' } = useParams();
  const query = useQuery(record(id));
  if (query.data) return <Shown record={query.data} />;
  return (
    <>
      <PageHead title="Record" parent={parent} />
      {query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={6} />}
    </>
  );
}

function Shown({ record: shown }: { record: StoredRecord }) {
  const may = useMay();
  const leaf = readLeaf(shown.leaf_json);
  return (
    <>
      <PageHead title={`Record ${shown.seq.toLocaleString('en')}`} parent={parent} note={<Outcome of={leaf.outcome} />} actions={<SaveEvidence ids={[shown.id]} label="Save the evidence" />} />
      <div className="record-told"><RecordTold record={shown} /></div>
      <Pair record={shown} leaf={leaf} />
      <Section title="Where it stands"><Place record={shown} leaf={leaf} /></Section>
      {may('audit.export') ? <Section title="Check it here"><div className="section-body"><VerifyHere ids={[shown.id]} /></div></Section> : null}
      <Section title="Check it without this console"><div className="section-body"><CheckOffline ids={[shown.id]} /></div></Section>
      <Section title="Every field"><FieldTable leaf={leaf} /></Section>
      <Section title="As it is hashed into the log" note="canonical JSON, byte for byte">
        <div className="section-body"><CopyField value={shown.leaf_json} label="the record’s canonical text" block /></div>
      </Section>
    </>
  );
}

function Place({ record: shown, leaf }: { record: StoredRecord; leaf: Leaf }) {
  const { subject } = leaf;
  const related = subject?.id ? <Link to={`/audit?subject=${encodeURIComponent(subject.id)}`}>all records on {visible(subject.kind ?? '')} {subjectName(shown.kind, leaf)}</Link> : undefined;
  return (
    <Facts of={[
      ['Time', <Time key="time" at={shown.time} exact />],
      ['Place in the log', shown.seq.toLocaleString('en')],
      ['Id', <CopyField key="id" value={shown.id} label="the record’s id" />],
      ['Kind', <Link key="kind" to={`/audit?kind=${encodeURIComponent(shown.kind)}`}>all records of kind {shown.kind}</Link>],
      ['Subject', related],
    ]} />
  );
}

function Outcome({ of }: { of: string | undefined }) {
  if (!of) return null;
  return <Badge tone={of === 'success' ? 'ok' : 'bad'}>{visible(of)}</Badge>;
}
