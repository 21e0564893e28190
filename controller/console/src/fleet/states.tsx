import type { Deployment, Node, Replica } from '../api/queries';
import { Badge, type Tone } from '../design';

// The words and tones of the fleet's states, the same on every page.
const PHASES: Record<Replica['phase'], Tone> = {
  unplaced: 'bad', pending: 'none', fetching: 'busy', verifying: 'busy', loading: 'busy', ready: 'ok',
  draining: 'busy', stopped: 'off', refused: 'bad', crashed: 'bad', unreachable: 'warn', unknown: 'none',
};

export function PhaseBadge({ phase }: { phase: Replica['phase'] }) {
  return <Badge tone={PHASES[phase]}>{phase}</Badge>;
}

const NODE_TONES: Record<Node['state'], Tone> = { ready: 'ok', unreachable: 'bad', revoked: 'off' };

export function NodeBadge({ state }: { state: Node['state'] }) {
  return <Badge tone={NODE_TONES[state]}>{state}</Badge>;
}

/** Whether it takes replicas, where that is not as usual. */
export function SchedulingBadge({ node: { scheduling, drain, state } }: { node: Pick<Node, 'scheduling' | 'drain' | 'state'> }) {
  if (scheduling === 'open' || state === 'revoked') return null;
  if (!drain) return <Badge tone="off">{scheduling}</Badge>;
  const { replicas_left: left, replicas_held: held } = drain;
  if (left === 0) return <Badge tone="off">drained</Badge>;
  return held > 0 ? <Badge tone="warn">draining, {held} held</Badge> : <Badge tone="busy">draining, {left} left</Badge>;
}

export function ReadyBadge({ deployment }: { deployment: Pick<Deployment, 'replicas' | 'ready_replicas'> }) {
  const { replicas: wanted, ready_replicas: ready } = deployment;
  const tone: Tone = wanted === 0 ? 'off' : ready >= wanted ? 'ok' : ready === 0 ? 'bad' : 'warn';
  return <Badge tone={tone}>{wanted === 0 ? 'scaled to nothing' : `${Math.min(ready, wanted)} of ${wanted} ready`}</Badge>;
}

/** What an agent last measured; nothing before it first connected. */
export function memoryUsed(node: Node): { used: number; total: number } | undefined {
  const { memory_total_bytes: total, memory_available_bytes: available } = node;
  return total == null || available == null ? undefined : { used: Math.max(0, total - available), total };
}

export const jurisdictionName = (code: string): string => {
  const [country = '', part] = code.split('-');
  if (!country) return 'No jurisdiction set';
  const name = countries.of(country) ?? country;
  return part ? `${name}, ${code}` : name;
};

const countries = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'code' });
