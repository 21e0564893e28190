import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { Link, useSearchParams } from 'react-router';
import { client, take } from '../../api/client';
import { live } from '../../api/live';
import type { AuditRecord } from '../../api/queries';
import { Button, DataTable, EmptyState, ErrorState, formatCount, PageHead, Select, Skeleton, TextField, Time, visible, type Column } from '../../design';
import { KINDS, readLeaf, sentence } from './leaf';

const PAGE = 100;

const columns: Column<AuditRecord>[] = [
  { id: 'seq', title: 'Record', cell: ({ id, seq }) => <Link className="mono" to={`/audit/${id}`}>{formatCount(seq)}</Link>, width: '80px' },
  { id: 'what', title: 'What happened', cell: ({ kind, leaf_json: json }) => <span className="wrap">{visible(sentence(kind, readLeaf(json)))}</span> },
  { id: 'kind', title: 'Kind', wideOnly: true, cell: ({ kind }) => <code className="soft">{kind}</code> },
  { id: 'from', title: 'From', wideOnly: true, cell: ({ leaf_json: json }) => <span className="soft">{readLeaf(json).actor?.address ?? ''}</span> },
  { id: 'time', title: 'Time', align: 'end', cell: ({ time }) => <Time at={time} /> },
];

function useRecords(kind: string, subject: string) {
  return useInfiniteQuery({
    queryKey: ['records', kind, subject],
    queryFn: ({ pageParam }) => take(client.GET('/api/v1/audit/records', {
      params: { query: { limit: PAGE, ...(kind ? { kind } : {}), ...(subject ? { subject } : {}), ...(pageParam === undefined ? {} : { before_seq: pageParam }) } },
    })),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next_before_seq ?? undefined,
    placeholderData: keepPreviousData,
    ...live,
    // Whoever reads on is not moved by what is new.
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) > 1 ? false : live.refetchInterval()),
  });
}

export function RecordsPage() {
  const [parameters, setParameters] = useSearchParams();
  const kind = parameters.get('kind') ?? '';
  const subject = parameters.get('subject') ?? '';
  const query = useRecords(kind, subject);
  const filter = (name: 'kind' | 'subject', value: string) => setParameters((now) => {
    const next = new URLSearchParams(now);
    if (value) next.set(name, value);
    else next.delete(name);
    return next;
  });
  const rows = query.data?.pages.flatMap(({ records }) => records) ?? [];
  return (
    <>
      <PageHead title="Audit" />
      <div className="filters" role="search" aria-label="Filter records">
        <Select label="Kind" value={kind || 'every'} onChange={(value) => filter('kind', value === 'every' ? '' : value)} options={[{ id: 'every', label: 'Every kind' }, ...KINDS.map((id) => ({ id, label: id }))]} />
        <SubjectFilter key={subject} value={subject} onChange={(value) => filter('subject', value)} />
      </div>
      {!query.data
        ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={10} />
        : rows.length === 0
          ? <EmptyState title="No such record" action={<Button onPress={() => setParameters({})}>Show all</Button>}>The log holds no record of this kind and subject.</EmptyState>
          : <DataTable label="Records, newest first" rows={rows} columns={columns} rowKey={({ id }) => id} />}
      {query.hasNextPage ? <div className="more"><Button isPending={query.isFetchingNextPage} onPress={() => void query.fetchNextPage()}>Earlier records</Button></div> : null}
    </>
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
