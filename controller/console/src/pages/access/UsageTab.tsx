import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { tenants } from '../../api/queries';
import { useMay, useSession } from '../../api/session';
import { DataTable, Duration, EmptyState, ErrorState, formatCount, Notice, Section, Select, Skeleton, type Column } from '../../design';
import { daysBack, GROUPS, nameOf, RANGES, share, usage, type Group, type UsageReport, type UsageRow } from './usage';

/** Requests, tokens and time: by key or account, tenant, deployment or day. What is shown is part of the address. */
export function UsageTab() {
  const [address, setAddress] = useSearchParams();
  const by = GROUPS.find(({ id }) => id === address.get('by'))?.id ?? 'caller';
  const days = RANGES.find(({ id }) => id === address.get('days'))?.id ?? '30';
  const tenant = address.get('tenant') ?? '';
  const set = (name: string) => (value: string) => setAddress((before) => { const next = new URLSearchParams(before); if (value) next.set(name, value); else next.delete(name); return next; }, { replace: true });
  const query = useQuery(usage({ by, from: daysBack(Number(days), new Date()), tenant }));
  return (
    <Section title="Usage" note="what was asked of models, from the records of answers">
      <div className="form-pair usage-choices">
        <Select label="Summed up by" value={by} onChange={set('by')} options={GROUPS} />
        <Select label="Time" value={days} onChange={set('days')} options={RANGES} />
        <OfTenant value={tenant} onChange={set('tenant')} />
      </div>
      {query.data === undefined
        ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={4} />
        : query.data.rows.length === 0
          ? <EmptyState title="Nothing was asked in this time">Choose a longer time, or ask a question in the playground.</EmptyState>
          : <Report of={query.data} by={by} />}
    </Section>
  );
}

function OfTenant({ value, onChange }: { value: string; onChange: (tenant: string) => void }) {
  const isFleet = useSession().account.tenant == null;
  const may = useMay()('tenant.read') && isFleet;
  const found = useQuery({ ...tenants, enabled: may }).data ?? [];
  if (!may || found.length === 0) return null;
  return <Select label="Tenant" value={value} onChange={onChange} options={[{ id: '', label: 'All' }, ...found.map(({ name }) => ({ id: name, label: name }))]} />;
}

function Report({ of: report, by }: { of: UsageReport; by: Group }) {
  const { total } = report;
  return (
    <>
      <p className="usage-total" aria-live="polite">
        {formatCount(total.requests)} {total.requests === 1 ? 'request' : 'requests'} from {report.from} to {report.to} (UTC): {formatCount(total.prompt_tokens)} tokens read, {formatCount(total.output_tokens)} written
        {total.interrupted > 0 ? `; ${formatCount(total.interrupted)} did not end well` : ''}.
      </p>
      {report.truncated ? <Notice tone="warn">There is more than one answer takes: these sums are too low. Choose a shorter time.</Notice> : null}
      <DataTable label="Usage" rows={report.rows} columns={columns(by, total.output_tokens)} rowKey={(row) => [row.day, row.tenant, row.caller_id, row.deployment].join('/')} initialSort={by === 'day' ? { column: 'name', descending: true } : { column: 'written', descending: true }} />
    </>
  );
}

function columns(by: Group, written: number): Column<UsageRow>[] {
  const tenant: Column<UsageRow> = { id: 'tenant', title: 'Tenant', wideOnly: true, sort: (row) => row.tenant ?? undefined, cell: (row) => row.tenant ?? <span className="soft">the fleet</span> };
  return [
    { id: 'name', title: GROUPS.find(({ id }) => id === by)?.label ?? '', sort: (row) => nameOf(row, by), cell: (row) => <strong className="wrap">{nameOf(row, by)}</strong> },
    ...(by === 'caller' || by === 'deployment' ? [tenant] : []),
    { id: 'requests', title: 'Requests', align: 'end', sort: (row) => row.requests, cell: (row) => formatCount(row.requests) },
    { id: 'interrupted', title: 'Interrupted', align: 'end', wideOnly: true, sort: (row) => row.interrupted, cell: (row) => formatCount(row.interrupted) },
    { id: 'read', title: 'Tokens read', align: 'end', wideOnly: true, sort: (row) => row.prompt_tokens, cell: (row) => formatCount(row.prompt_tokens) },
    { id: 'written', title: 'Tokens written', align: 'end', sort: (row) => row.output_tokens, cell: (row) => formatCount(row.output_tokens) },
    { id: 'share', title: 'Share', align: 'end', wideOnly: true, sort: (row) => row.output_tokens, cell: (row) => share(row.output_tokens, written) },
    { id: 'time', title: 'Time', align: 'end', sort: (row) => row.time_ms, cell: (row) => <Duration seconds={row.time_ms / 1000} /> },
  ];
}
