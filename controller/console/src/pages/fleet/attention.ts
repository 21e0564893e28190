import { grouped } from '../../fleet/grouped';
import type { Deployment, Model, Node, Replica } from '../../api/queries';

export interface Concern {
  id: string;
  severity: 'bad' | 'warn';
  /** What is wrong. */
  what: string;
  /** Why, as far as the fleet knows. */
  why?: string;
  /** Where it can be looked into. */
  to: string;
}

/** An agent renews its certificate well before this much is left; if it has not, something keeps it from doing so. */
const CERTIFICATE_WARN_MS = 6 * 3_600_000;

export interface FleetView {
  nodes: readonly Node[];
  replicas: readonly Replica[];
  deployments: readonly Deployment[];
  models: readonly Pick<Model, 'name' | 'approval'>[];
  /** Why a replica is nowhere, by its id, as far as it was read. */
  reasons: ReadonlyMap<string, string>;
}

/** What somebody should look at, the worst first. */
export function concerns(fleet: FleetView, now: Date): Concern[] {
  const of = grouped(fleet.replicas, ({ deployment }) => deployment);
  const all = [
    ...fleet.deployments.flatMap((deployment) => ofDeployment(deployment, of.get(deployment.name) ?? [], fleet.reasons)),
    ...fleet.nodes.flatMap((node) => ofNode(node, now)),
    ...fleet.models.flatMap(ofModel),
  ];
  return [...all.filter(({ severity }) => severity === 'bad'), ...all.filter(({ severity }) => severity === 'warn')];
}

const TROUBLE: Partial<Record<Replica['phase'], string>> = {
  unplaced: 'not placed', refused: 'refused', crashed: 'crashed', unreachable: 'on a node that is not connected',
};

/** One concern for each deployment in trouble: its replicas fail for the same few reasons. */
function ofDeployment(deployment: Deployment, replicas: readonly Replica[], reasons: ReadonlyMap<string, string>): Concern[] {
  const { name, replicas: wanted, ready_replicas: ready } = deployment;
  const troubled = replicas.filter(({ phase }) => TROUBLE[phase]);
  const silent = wanted > 0 && ready === 0;
  if (!silent && troubled.length === 0) return [];
  const first = troubled[0];
  const why = first && (first.error ?? reasons.get(first.id));
  const sentence = [inWords(troubled), why].filter(Boolean).join(': ');
  return [{
    id: `deployment/${name}`,
    severity: silent || troubled.some(({ phase }) => phase !== 'unreachable') ? 'bad' : 'warn',
    what: silent ? `${name} answers nobody: no replica is ready` : `${name} has ${ready} of ${wanted} replicas`,
    ...(sentence ? { why: sentence } : {}),
    to: `/deployments/${encodeURIComponent(name)}`,
  }];
}

/** "1 not placed, 2 crashed" */
function inWords(troubled: readonly Replica[]): string {
  const of = grouped(troubled, ({ phase }) => phase);
  return [...of].map(([phase, its]) => `${its.length} ${TROUBLE[phase]}`).join(', ');
}

function ofNode(node: Node, now: Date): Concern[] {
  const to = `/nodes/${encodeURIComponent(node.name)}`;
  if (node.state === 'revoked') return [];
  const left = new Date(node.certificate_expires_at).getTime() - now.getTime();
  const found: Concern[] = [];
  if (node.state === 'unreachable') {
    found.push({ id: `node/${node.id}`, severity: 'bad', what: `${node.name} is not connected`, why: carries(node), to });
  }
  found.push(...ofScheduling(node, to));
  if (left < CERTIFICATE_WARN_MS) {
    const what = left <= 0 ? `The certificate of ${node.name} has expired` : `The certificate of ${node.name} expires soon`;
    found.push({ id: `certificate/${node.id}`, severity: left <= 0 ? 'bad' : 'warn', what, why: 'Its agent renews it by itself while it is connected.', to });
  }
  return found;
}

/** Whoever cordons a node means to come back to it; a drain may need somebody to decide. */
function ofScheduling({ id, name, scheduling, drain, ...node }: Node, to: string): Concern[] {
  if (scheduling === 'open') return [];
  const concern = (what: string, why: string): Concern[] => [{ id: `scheduling/${id}`, severity: 'warn', what, why, to }];
  if (!drain) return concern(`${name} is cordoned`, `Nothing new is placed on it. ${carries({ replicas: node.replicas })}`);
  const { replicas_held: held, replicas_left: left } = drain;
  if (left === 0) return concern(`${name} is drained`, 'It is empty, and takes nothing before it is opened again.');
  // One that goes on by itself needs nobody.
  if (held === 0) return [];
  return concern(`The drain of ${name} cannot end`, `${held === 1 ? 'A replica finds' : `${held} replicas find`} no other node, and ${held === 1 ? 'stays' : 'stay'} until one can take ${held === 1 ? 'it' : 'them'}.`);
}

function carries({ replicas }: Pick<Node, 'replicas'>): string {
  if (replicas === 0) return 'No replica is placed on it.';
  return `${replicas} ${replicas === 1 ? 'replica is' : 'replicas are'} placed on it.`;
}

function ofModel({ name, approval }: Pick<Model, 'name' | 'approval'>): Concern[] {
  if (approval !== 'waiting') return [];
  const why = 'Whoever imported it may not approve it. A fleet admin or a model approver must, before it can be deployed.';
  return [{ id: `model/${name}`, severity: 'warn', what: `${name} waits for approval`, why, to: `/models/${encodeURIComponent(name)}` }];
}
