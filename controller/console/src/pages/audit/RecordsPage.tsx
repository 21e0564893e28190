import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { Bookmark, ChevronLeft, ChevronRight } from 'lucide-react';
import { Link, useSearchParams } from 'react-router';
import { readBelow, useAnswered } from '../../api/answered';
import { useMay } from '../../api/session';
import { Button, Dialog, EmptyState, ErrorState, exactTime, formatCount, Notice, PageHead, Section, Skeleton, useDialogParameter, visible } from '../../design';
import { LogHead } from '../../records/LogHead';
import { checkpoint, recordPage, timeline, type RecordFilter, type RecordPage } from '../../records/queries';
import { SaveEvidence } from '../../records/SaveEvidence';
import { Timeline } from '../../records/Timeline';
import { VerifyHere } from '../../verifier/VerifyHere';
import { addressOf, filterOf, partsOf } from './filter';
import { Filters } from './Filters';
import { KeptCheckpoints } from './KeptCheckpoints';
import { RecordsByDay } from './RecordsByDay';
import { SavedQueries } from './SavedQueries';

export function RecordsPage() {
  const [address, setAddress] = useSearchParams();
  const filter = filterOf(address);
  const narrow = (changed: RecordFilter) => setAddress(addressOf(changed));
  const query = useQuery({ ...recordPage(filter), placeholderData: keepPreviousData });
  const isThere = useAnswered(query, useQuery({ ...timeline(filter), ...readBelow }), useQuery({ ...checkpoint, ...readBelow }));
  const [isChoosing, openQueries, closeQueries] = useDialogParameter('queries');
  const rows = query.data?.records ?? [];
  const save = <SaveEvidence ids={rows.map(({ id }) => id)} label={`Save the evidence of these ${rows.length}`} />;
  return (
    <>
      <PageHead title="Audit" actions={isThere ? <>{rows.length > 0 ? save : null}<Button icon={<Bookmark />} onPress={openQueries}>Saved queries</Button></> : null} />
      <Filters filter={filter} onChange={narrow} />
      {isThere ? <Read filter={filter} query={query} onChange={narrow} /> : <Skeleton rows={14} label="Reading the log" />}
      <Dialog title="Saved queries" isOpen={isChoosing} onClose={closeQueries}><SavedQueries filter={filter} /></Dialog>
    </>
  );
}

/** What the log answered. */
function Read({ filter, query, onChange: narrow }: Narrowing & { query: UseQueryResult<RecordPage> }) {
  const may = useMay();
  const rows = query.data?.records ?? [];
  return (
    <>
      {query.data?.unsearchable ? <Notice tone="warn">{formatCount(query.data.unsearchable)} records of an earlier version are still being made searchable. Until then a search by who, model, node or time does not find them.</Notice> : null}
      <OverTime filter={filter} onChange={narrow} />
      {!query.data
        ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={10} />
        : rows.length === 0 ? <Nothing filter={filter} onChange={narrow} /> : <RecordsByDay records={rows} />}
      <Paging filter={filter} next={query.data?.next_before_seq ?? undefined} />
      <Section title="The log" note="its newest signed checkpoint"><LogHead /></Section>
      <KeptCheckpoints />
      {may('audit.export') ? <Section title="Check the whole log here"><div className="section-body"><VerifyHere ids={[]} /></div></Section> : null}
    </>
  );
}

interface Narrowing {
  filter: RecordFilter;
  onChange: (filter: RecordFilter) => void;
}

/** How many there are over the time that is looked at; choosing a piece of it narrows the list to that. */
function OverTime({ filter, onChange }: Narrowing) {
  const query = useQuery({ ...timeline(filter), placeholderData: keepPreviousData });
  const { from: _, to: __, last: ___, before_seq: ____, ...timeless } = filter;
  if (query.data) return <Timeline of={query.data} onChoose={(span) => onChange({ ...timeless, ...span })} />;
  return query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={3} label="Loading the timeline" />;
}

function Nothing({ filter, onChange }: Narrowing) {
  const parts = partsOf(filter, (at) => exactTime(new Date(at)));
  const relax = parts.map(({ id, label, value, without }) => <Button key={id} onPress={() => onChange(without)}>Without {label}: {visible(value)}</Button>);
  if (parts.length === 0) return <EmptyState title="No record here" action={<Button onPress={() => onChange({})}>Show the newest</Button>}>The log has nothing before this place.</EmptyState>;
  return (
    <EmptyState title="No record matches" action={<div className="relax">{relax}{parts.length > 1 ? <Button kind="primary" onPress={() => onChange({})}>Show all</Button> : null}</div>}>
      {parts.length > 1 ? 'No record passes all of these filters at once. Take one off:' : 'No record passes this filter. Names must be written in full.'}
    </EmptyState>
  );
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
