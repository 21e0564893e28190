import { queryOptions } from '@tanstack/react-query';
import { client, take } from '../api/client';
import type { components } from '../api/schema';
import { live, liveBy } from '../api/live';

export type StoredRecord = components['schemas']['Record'];

/** A time that moves on: the last hour is another one whenever it is looked at. */
export type Range = '1h' | 'today' | '7d';

export interface RecordFilter {
  kind?: string;
  subject?: string;
  /** Id or name of who did it. */
  actor?: string;
  /** Name or digest. */
  model?: string;
  /** Name or id. */
  node?: string;
  /** RFC 3339, as `to`; not together with `last`. */
  from?: string;
  to?: string;
  last?: Range;
  before_seq?: number;
}

export type RecordPage = components['schemas']['RecordPage'];
export type Timeline = components['schemas']['Timeline'];

export const PAGE_SIZE = 100;
const TIMELINE_EVERY_MS = 60_000;

/** Newest first. Only the newest page changes by itself. */
export const recordPage = (filter: RecordFilter) => queryOptions({
  queryKey: ['audit', 'records', filter],
  queryFn: () => take(client.GET('/api/v1/audit/records', { params: { query: { ...asked(filter, new Date()), limit: PAGE_SIZE } } })),
  ...(filter.before_seq === undefined ? liveBy('audit') : { staleTime: Infinity }),
});

/** How many records the filter finds, over its time; which page of them is shown is no matter here. */
export const timeline = ({ before_seq: _, ...filter }: RecordFilter) => queryOptions({
  queryKey: ['audit', 'timeline', filter],
  queryFn: () => take(client.GET('/api/v1/audit/timeline', { params: { query: { ...asked(filter, new Date()), buckets: 60 } } })),
  // Counting costs more than listing, and a minute more or less is not seen.
  refetchInterval: (query) => live.refetchInterval(query) && TIMELINE_EVERY_MS,
});

/** The filter as the controller takes it. */
export function asked({ last, ...filter }: RecordFilter, now: Date): Omit<RecordFilter, 'last'> {
  return last ? { ...filter, from: beginOf(last, now).toISOString() } : filter;
}

function beginOf(range: Range, now: Date): Date {
  if (range === 'today') return new Date(now.getFullYear(), now.getMonth(), now.getDate());
  return new Date(now.getTime() - (range === '1h' ? 1 : 7 * 24) * 3_600_000);
}

export const record = (id: string) => queryOptions({
  queryKey: ['audit', 'records', id],
  queryFn: () => take(client.GET('/api/v1/audit/records/{record_id}', { params: { path: { record_id: id } } })),
  staleTime: Infinity,
});

/** The record that closes this request; none while it runs. */
export const closing = (request: { id: string }) => queryOptions({
  queryKey: ['audit', 'closing', request.id],
  queryFn: async () => (await take(client.GET('/api/v1/audit/records', { params: { query: { intent: request.id, limit: 1 } } }))).records[0] ?? null,
  ...liveBy('audit'),
  // Until it is there.
  refetchInterval: (query) => (query.state.data ? false : liveBy('audit').refetchInterval(query)),
  staleTime: (query) => (query.state.data ? 'static' : liveBy('audit').staleTime),
});

export const checkpoint = queryOptions({
  queryKey: ['audit', 'checkpoint'], queryFn: () => take(client.GET('/api/v1/audit/checkpoint')), ...liveBy('audit'),
});
