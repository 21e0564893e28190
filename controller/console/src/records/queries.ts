import { queryOptions } from '@tanstack/react-query';
import { client, take } from '../api/client';
import type { components } from '../api/schema';
import { live, liveBy } from '../api/live';
import { readLeaf, type Leaf } from './leaf';

export type StoredRecord = components['schemas']['Record'];

export interface RecordFilter {
  kind?: string;
  subject?: string;
  before_seq?: number;
}

export const PAGE_SIZE = 100;
/** How far behind a request its end is looked for. */
const PAIR_WITHIN = 1000;

/** Newest first. Only the newest page changes by itself. */
export const recordPage = (filter: RecordFilter) => queryOptions({
  queryKey: ['audit', 'records', filter],
  queryFn: () => take(client.GET('/api/v1/audit/records', { params: { query: { ...filter, limit: PAGE_SIZE } } })),
  ...(filter.before_seq === undefined ? liveBy('audit') : { staleTime: Infinity }),
});

export const record = (id: string) => queryOptions({
  queryKey: ['audit', 'records', id],
  queryFn: () => take(client.GET('/api/v1/audit/records/{record_id}', { params: { path: { record_id: id } } })),
  staleTime: Infinity,
});

/** The record that closes this request, if it is among the thousand after it. */
export const closing = (request: { id: string; seq: number }) => queryOptions({
  queryKey: ['audit', 'closing', request.id],
  queryFn: async () => (await closedBy(request)) ?? null,
  ...liveBy('audit'),
  // Until it is there.
  refetchInterval: (query) => (query.state.data ? false : liveBy('audit').refetchInterval(query)),
  staleTime: (query) => (query.state.data ? 'static' : live.staleTime),
});

async function closedBy({ id, seq }: { id: string; seq: number }): Promise<StoredRecord | undefined> {
  const after = { before_seq: seq + PAIR_WITHIN + 1, limit: PAIR_WITHIN };
  const { records } = await take(client.GET('/api/v1/audit/records', { params: { query: after } }));
  return records.find((candidate) => closes(candidate.kind, readLeaf(candidate.leaf_json), id));
}

export function closes(kind: string, leaf: Leaf, request: string): boolean {
  return leaf.intent === request && kind.startsWith('inference.');
}

export const checkpoint = queryOptions({
  queryKey: ['audit', 'checkpoint'], queryFn: () => take(client.GET('/api/v1/audit/checkpoint')), ...liveBy('audit'),
});
