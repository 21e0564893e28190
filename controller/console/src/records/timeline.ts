import { formatCount } from '../design/format';
import type { Timeline } from './queries';

export type Bucket = Timeline['buckets'][number];

export interface Group {
  id: string;
  label: string;
  /** What stands before the point in the kinds that belong to it. */
  kinds: readonly string[];
}

/** From the bottom of a bar upwards. What belongs to none of them is counted to the last. */
export const GROUPS: readonly Group[] = [
  { id: 'inference', label: 'inferences', kinds: ['inference'] },
  { id: 'models', label: 'models and deployments', kinds: ['model', 'signer', 'trust_policy', 'deployment', 'placement'] },
  { id: 'nodes', label: 'nodes', kinds: ['node'] },
  { id: 'access', label: 'access', kinds: ['key', 'account', 'session', 'access'] },
  { id: 'log', label: 'fleet and log', kinds: [] },
];

const groupOf = (kind: string): string => GROUPS.find(({ kinds }) => kinds.includes(kind))?.id ?? 'log';

export interface Bar {
  bucket: Bucket;
  total: number;
  /** In the order of the groups, without those that have none. */
  parts: { group: Group; count: number }[];
}

export function bars(timeline: Timeline): Bar[] {
  return timeline.buckets.map((bucket) => {
    const counts = new Map<string, number>();
    for (const [kind, count] of Object.entries(bucket.counts)) counts.set(groupOf(kind), (counts.get(groupOf(kind)) ?? 0) + count);
    const parts = GROUPS.flatMap((group) => {
      const count = counts.get(group.id);
      return count ? [{ group, count }] : [];
    });
    return { bucket, total: parts.reduce((sum, { count }) => sum + count, 0), parts };
  });
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayAndClock = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
const DAY_MS = 86_400_000;

/** A time as it is written at a timeline of this length. */
export function tick(at: string, { from, to }: Pick<Timeline, 'from' | 'to'>): string {
  const long = new Date(to).getTime() - new Date(from).getTime() > DAY_MS / 2;
  return (long ? dayAndClock : clock).format(new Date(at));
}

/** "08:00:00 to 08:24:00: 12 records, 10 inferences, 2 access" */
export function inWords({ bucket, total, parts }: Bar, of: Timeline): string {
  const span = `${tick(bucket.from, of)} to ${tick(bucket.to, of)}`;
  if (total === 0) return `${span}: no record`;
  const named = parts.map(({ group, count }) => `${formatCount(count)} ${group.label}`).join(', ');
  return `${span}: ${formatCount(total)} ${total === 1 ? 'record' : 'records'}, ${named}`;
}
