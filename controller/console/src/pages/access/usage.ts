import { queryOptions } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import type { components } from '../../api/schema';

export type UsageReport = components['schemas']['UsageReport'];
export type UsageRow = components['schemas']['UsageRow'];
export type Group = 'day' | 'tenant' | 'caller' | 'deployment';

export const GROUPS: readonly { id: Group; label: string }[] = [
  { id: 'caller', label: 'Key or account' }, { id: 'tenant', label: 'Tenant' }, { id: 'deployment', label: 'Deployment' }, { id: 'day', label: 'Day' },
];

/** Days, today among them. */
export const RANGES: readonly { id: string; label: string }[] = [
  { id: '1', label: 'Today (UTC)' }, { id: '7', label: '7 days' }, { id: '30', label: '30 days' }, { id: '365', label: 'A year' },
];

const REFRESH_MS = 30_000;

export const usage = ({ by, from, tenant }: { by: Group; from: string; tenant: string }) => queryOptions({
  queryKey: ['usage', by, from, tenant],
  queryFn: () => take(client.GET('/api/v1/usage', { params: { query: { by, from, ...(tenant ? { tenant } : {}) } } })),
  refetchInterval: REFRESH_MS,
});

/** The first of so many days (UTC) that end today. */
export function daysBack(days: number, now: Date): string {
  const first = new Date(now);
  first.setUTCDate(first.getUTCDate() - (days - 1));
  return first.toISOString().slice(0, 10);
}

export function nameOf(row: UsageRow, by: Group): string {
  const names: Record<Group, string | null | undefined> = {
    caller: row.caller_name, tenant: row.tenant ?? 'the fleet itself', deployment: row.deployment, day: row.day,
  };
  return names[by] ?? 'unknown';
}

export function share(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (part / whole) * 100;
  return percent > 0 && percent < 1 ? '< 1 %' : `${Math.round(percent)} %`;
}
