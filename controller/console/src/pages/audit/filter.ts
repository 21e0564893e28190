import type { Range, RecordFilter } from '../../records/queries';

const TEXTS = ['kind', 'actor', 'model', 'node', 'subject'] as const;
export const RANGES: readonly { id: Range; label: string }[] = [{ id: '1h', label: 'Last hour' }, { id: 'today', label: 'Today' }, { id: '7d', label: '7 days' }];

/** The longest that the controller takes. */
const TEXT_MOST = 256;

const isRange = (text: string | null): text is Range => RANGES.some(({ id }) => id === text);
const timeOf = (text: string | null): string | undefined => (text && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : undefined);

/** What the address narrows the list to. What makes no sense is left out, as if it were not there. */
export function filterOf(address: URLSearchParams): RecordFilter {
  const texts = TEXTS.flatMap((name) => {
    const text = address.get(name);
    return text && text.length <= TEXT_MOST ? [[name, text] as const] : [];
  });
  const before = address.get('before_seq');
  return {
    ...Object.fromEntries(texts),
    ...timesOf(address),
    ...(before && /^\d{1,15}$/.test(before) ? { before_seq: Number(before) } : {}),
  };
}

function timesOf(address: URLSearchParams): Pick<RecordFilter, 'from' | 'to' | 'last'> {
  const last = address.get('last');
  if (isRange(last)) return { last };
  const from = timeOf(address.get('from'));
  const to = timeOf(address.get('to'));
  if (from && to && from >= to) return {};
  return { ...(from ? { from } : {}), ...(to ? { to } : {}) };
}

/** The address of a list; a change of what is listed begins at its newest. */
export function addressOf(filter: RecordFilter): URLSearchParams {
  return new URLSearchParams(Object.entries(filter).map(([name, value]) => [name, String(value)]));
}

/** One filter that is set, in words, and what is left without it. */
export interface Part {
  id: string;
  label: string;
  value: string;
  without: RecordFilter;
}

const LABELS: Readonly<Record<string, string>> = { kind: 'kind', actor: 'who', model: 'model', node: 'node', subject: 'subject' };

/** `time` writes a time for the reader. */
export function partsOf(filter: RecordFilter, time: (at: string) => string): Part[] {
  const { before_seq: _, ...all } = filter;
  const parts = TEXTS.flatMap((name) => {
    const { [name]: value, ...without } = all;
    return value ? [{ id: name, label: LABELS[name] ?? name, value, without }] : [];
  });
  const { from, to, last, ...timeless } = all;
  const range = RANGES.find(({ id }) => id === last)?.label.toLowerCase();
  const span = range ?? [from ? `from ${time(from)}` : '', to ? `until ${time(to)}` : ''].filter(Boolean).join(' ');
  return span ? [...parts, { id: 'time', label: 'time', value: span, without: timeless }] : parts;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** A time as a field of the browser has it, in the reader's zone. */
export function localTime(at: string | undefined): string {
  if (!at) return '';
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** And back; nothing if it is none. */
export const fromLocalTime = (typed: string): string | undefined => timeOf(typed);
