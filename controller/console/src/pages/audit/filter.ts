import type { RecordFilter } from '../../records/queries';

/** What the address narrows the list to. What makes no sense is left out, as if it were not there. */
export function filterOf(address: URLSearchParams): RecordFilter {
  const kind = address.get('kind');
  const subject = address.get('subject');
  const before = address.get('before_seq');
  return {
    ...(kind ? { kind } : {}),
    ...(subject ? { subject } : {}),
    ...(before && /^\d{1,15}$/.test(before) ? { before_seq: Number(before) } : {}),
  };
}

/** The address of a list; a change of what is listed begins at its newest. */
export function addressOf(filter: RecordFilter): URLSearchParams {
  return new URLSearchParams(Object.entries(filter).map(([name, value]) => [name, String(value)]));
}
