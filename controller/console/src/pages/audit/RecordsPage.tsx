import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Bookmark, ChevronLeft, ChevronRight } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useMay } from '../../api/session';
import { Button, Dialog, EmptyState, ErrorState, PageHead, Section, Select, Skeleton, TextField, useDialogParameter } from '../../design';
import { LogHead } from '../../records/LogHead';
import { KINDS } from '../../records/kinds';
import { recordPage, type RecordFilter } from '../../records/queries';
import { SaveEvidence } from '../../records/SaveEvidence';
import { VerifyHere } from '../../verifier/VerifyHere';
import { addressOf, filterOf } from './filter';
import { KeptCheckpoints } from './KeptCheckpoints';
import { SavedQueries } from './SavedQueries';
import { Timeline } from './Timeline';

export function RecordsPage() {
  const [address, setAddress] = useSearchParams();
  const filter = filterOf(address);
  const query = useQuery({ ...recordPage(filter), placeholderData: keepPreviousData });
  const may = useMay();
  const [isChoosing, openQueries, closeQueries] = useDialogParameter('queries');
  const rows = query.data?.records ?? [];
  const save = <SaveEvidence ids={rows.map(({ id }) => id)} label={`Save the evidence of these ${rows.length}`} />;
  return (
    <>
      <PageHead title="Audit" actions={<><Button icon={<Bookmark />} onPress={openQueries}>Saved queries</Button>{rows.length > 0 ? save : null}</>} />
      <Filters filter={filter} onChange={(changed) => setAddress(addressOf(changed))} />
      {!query.data
        ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={10} />
        : rows.length === 0
          ? <EmptyState title="No such record" action={<Button onPress={() => setAddress({})}>Show all</Button>}>The log holds no record of this kind and subject.</EmptyState>
          : <Timeline records={rows} />}
      <Paging filter={filter} next={query.data?.next_before_seq ?? undefined} />
      <Section title="The log" note="its newest signed checkpoint"><LogHead /></Section>
      <KeptCheckpoints />
      {may('audit.export') ? <Section title="Check the whole log here"><div className="section-body"><VerifyHere ids={[]} /></div></Section> : null}
      <Dialog title="Saved queries" isOpen={isChoosing} onClose={closeQueries}><SavedQueries filter={filter} /></Dialog>
    </>
  );
}

function Filters({ filter, onChange }: { filter: RecordFilter; onChange: (filter: RecordFilter) => void }) {
  const { kind = '', subject = '' } = filter;
  const narrow = (changed: { kind?: string; subject?: string }) => {
    const wanted = { kind, subject, ...changed };
    onChange({ ...(wanted.kind ? { kind: wanted.kind } : {}), ...(wanted.subject ? { subject: wanted.subject } : {}) });
  };
  const kinds = kind && !KINDS.includes(kind) ? [kind, ...KINDS] : KINDS;
  return (
    <div className="filters" role="search" aria-label="Filter records">
      <Select label="Kind" value={kind || 'every'} onChange={(value) => narrow({ kind: value === 'every' ? '' : value })} options={[{ id: 'every', label: 'Every kind' }, ...kinds.map((id) => ({ id, label: id }))]} />
      <SubjectFilter key={subject} value={subject} onChange={(value) => narrow({ subject: value })} />
    </div>
  );
}

function SubjectFilter({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState(value);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onChange(typed.trim());
  };
  return <form onSubmit={submit}><TextField label="Subject" hint="The id of what was changed or used; Enter applies it" value={typed} onChange={setTyped} mono /></form>;
}

/** By place in the log: what is appended meanwhile moves no page. */
function Paging({ filter, next }: { filter: RecordFilter; next: number | undefined }) {
  const { before_seq: before, ...rest } = filter;
  if (before === undefined && next === undefined) return null;
  return (
    <nav className="paging row" aria-label="Pages of the log">
      {before === undefined ? null : <Link className="button button-plain" to={`?${addressOf(rest)}`}><ChevronLeft aria-hidden="true" />Newest</Link>}
      {next === undefined ? null : <Link className="button button-plain" to={`?${addressOf({ ...rest, before_seq: next })}`}>Earlier<ChevronRight aria-hidden="true" /></Link>}
    </nav>
  );
}
