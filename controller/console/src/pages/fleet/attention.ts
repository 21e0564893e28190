import type { Deployment, Node, Replica } from '../../api/queries';

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
  /** Why a replica is nowhere, by its id, as far as it was read. */
  reasons: ReadonlyMap<string, string>;
}

/** What somebody should look at, the worst first. */
export function concerns(fleet: FleetView, now: Date): Concern[] {
  const all = [
    ...fleet.deployments.flatMap((deployment) => ofDeployment(deployment)),
    ...fleet.replicas.flatMap((replica) => ofReplica(replica, fleet.reasons)),
    ...fleet.nodes.flatMap((node) => ofNode(node, now)),
  ];
  return [...all.filter(({ severity }) => severity === 'bad'), ...all.filter(({ severity }) => severity === 'warn')];
}

function ofDeployment({ name, replicas, ready_replicas: ready }: Deployment): Concern[] {
  if (replicas === 0 || ready > 0) return [];
  const to = `/deployments/${encodeURIComponent(name)}`;
  return [{ id: `deployment/${name}`, severity: 'bad', what: `${name} answers nobody: none of its ${replicas} ${replicas === 1 ? 'replica is' : 'replicas are'} ready`, to }];
}

const TROUBLE: Partial<Record<Replica['phase'], string>> = {
  unplaced: 'is not placed', refused: 'was refused by its node', crashed: 'crashed', unreachable: 'is on a node that is not connected',
};

function ofReplica(replica: Replica, reasons: ReadonlyMap<string, string>): Concern[] {
  const trouble = TROUBLE[replica.phase];
  if (!trouble) return [];
  const why = replica.error ?? reasons.get(replica.id);
  const where = replica.node_name ? ` (${replica.node_name})` : '';
  return [{
    id: `replica/${replica.id}`,
    severity: replica.phase === 'unreachable' ? 'warn' : 'bad',
    what: `A replica of ${replica.deployment}${where} ${trouble}`,
    ...(why ? { why } : {}),
    to: `/deployments/${encodeURIComponent(replica.deployment)}`,
  }];
}

function ofNode(node: Node, now: Date): Concern[] {
  const to = `/nodes/${encodeURIComponent(node.name)}`;
  if (node.state === 'revoked') return [];
  const left = new Date(node.certificate_expires_at).getTime() - now.getTime();
  const found: Concern[] = [];
  if (node.state === 'unreachable') {
    found.push({ id: `node/${node.id}`, severity: 'bad', what: `${node.name} is not connected`, why: carries(node), to });
  }
  if (left < CERTIFICATE_WARN_MS) {
    const what = left <= 0 ? `The certificate of ${node.name} has expired` : `The certificate of ${node.name} expires soon`;
    found.push({ id: `certificate/${node.id}`, severity: left <= 0 ? 'bad' : 'warn', what, why: 'Its agent renews it by itself while it is connected.', to });
  }
  return found;
}

function carries({ replicas }: Node): string {
  if (replicas === 0) return 'No replica is placed on it.';
  return `${replicas} ${replicas === 1 ? 'replica is' : 'replicas are'} placed on it.`;
}
