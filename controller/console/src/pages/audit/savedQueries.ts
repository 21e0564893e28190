import { exactTime } from '../../design';
import type { RecordFilter } from '../../records/queries';
import { addressOf, filterOf, partsOf } from './filter';

/** A filter under a name; the filter as it stands in an address. */
export interface SavedQuery {
  name: string;
  address: string;
}

export const NAME_MOST = 60;

/** By account: people may share a browser, and a question can say what somebody looks into. */
export const storedAs = (account: string): string => `cloister.audit-queries.${account}`;

export const isSavedQuery = (value: unknown): value is SavedQuery =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' && 'address' in value && typeof value.address === 'string';

export function withQuery(list: readonly SavedQuery[], name: string, filter: RecordFilter): SavedQuery[] {
  const { before_seq: _, ...kept } = filter;
  return [...list, { name: name.trim(), address: addressOf(kept).toString() }].toSorted((a, b) => a.name.localeCompare(b.name));
}

export function renamed(list: readonly SavedQuery[], from: string, to: string): SavedQuery[] {
  return list.map((query) => (query.name === from ? { ...query, name: to.trim() } : query)).toSorted((a, b) => a.name.localeCompare(b.name));
}

export const without = (list: readonly SavedQuery[], name: string): SavedQuery[] => list.filter((query) => query.name !== name);

/** `own`: the name it has now, which it may keep. */
export function queryNameProblem(list: readonly SavedQuery[], typed: string, own?: string): string | undefined {
  const name = typed.trim();
  if (!name) return 'Give it a name';
  if (name.length > NAME_MOST) return `At most ${NAME_MOST} characters`;
  return name !== own && list.some((query) => query.name === name) ? 'There is one of this name' : undefined;
}

/** What a filter lets through, in words. */
export function inWords(filter: RecordFilter): string {
  const parts = partsOf(filter, (at) => exactTime(new Date(at)));
  return parts.length === 0 ? 'every record' : parts.map(({ id, label, value }) => (id === 'time' ? value : `${label} ${value}`)).join(', ');
}

export const filterIn = (query: SavedQuery): RecordFilter => filterOf(new URLSearchParams(query.address));
