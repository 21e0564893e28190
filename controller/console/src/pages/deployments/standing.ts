import type { Deployment, Replica } from '../../api/queries';
import type { Tone } from '../../design';

export interface Condition { name: string; tone: Tone; word: string; sentence: string }

/** How a deployment stands against what is wanted of it. */
export function conditions(deployment: Deployment, its: readonly Replica[]): Condition[] {
  return [placed(deployment, its), answers(deployment), current(deployment, its), trouble(its)];
}

const some = (count: number): string => `${count} ${count === 1 ? 'replica' : 'replicas'}`;

function placed({ replicas: wanted }: Deployment, its: readonly Replica[]): Condition {
  const nowhere = its.filter(({ phase }) => phase === 'unplaced').length;
  const missing = Math.max(0, wanted - its.length);
  if (nowhere > 0) return { name: 'Placed', tone: 'bad', word: 'no', sentence: `No node can take ${some(nowhere)}; below is why` };
  if (missing > 0) return { name: 'Placed', tone: 'busy', word: 'not yet', sentence: `${some(missing)} still to be placed` };
  return { name: 'Placed', tone: wanted === 0 ? 'off' : 'ok', word: wanted === 0 ? 'nothing to place' : 'yes', sentence: wanted === 0 ? 'No replica is wanted' : 'Every replica has a node' };
}

function answers({ replicas: wanted, ready_replicas: ready }: Deployment): Condition {
  if (wanted === 0) return { name: 'Answers', tone: 'off', word: 'no', sentence: 'Callers are turned away' };
  if (ready === 0) return { name: 'Answers', tone: 'bad', word: 'no', sentence: 'No replica is ready; callers are told to try again' };
  return ready >= wanted
    ? { name: 'Answers', tone: 'ok', word: 'yes', sentence: `${some(Math.min(ready, wanted))} of ${wanted} ready` }
    : { name: 'Answers', tone: 'warn', word: 'in part', sentence: `${ready} of ${some(wanted)} ready` };
}

function current({ replicas: wanted, updated_replicas: updated, revision }: Deployment, its: readonly Replica[]): Condition {
  const done = updated >= wanted && its.length <= wanted;
  if (wanted === 0) return { name: 'Up to date', tone: 'off', word: 'nothing runs', sentence: `Revision ${revision} wants no replica` };
  return done
    ? { name: 'Up to date', tone: 'ok', word: 'yes', sentence: `All of them run revision ${revision}` }
    : { name: 'Up to date', tone: 'busy', word: 'not yet', sentence: `${updated} of ${some(wanted)} run revision ${revision} and are ready` };
}

const TROUBLES: readonly [Replica['phase'], string][] = [
  ['refused', 'refused by their nodes'], ['crashed', 'crashed'], ['unreachable', 'on nodes that are not connected'],
];

function trouble(its: readonly Replica[]): Condition {
  for (const [phase, what] of TROUBLES) {
    const count = its.filter((replica) => replica.phase === phase).length;
    if (count > 0) return { name: 'Trouble', tone: phase === 'unreachable' ? 'warn' : 'bad', word: 'yes', sentence: `${some(count)} ${what}` };
  }
  return { name: 'Trouble', tone: 'ok', word: 'none', sentence: 'No replica has crashed, was refused or is out of reach' };
}
