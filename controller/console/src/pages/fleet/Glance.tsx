import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Node, Replica, Status } from '../../api/queries';
import { formatBytes, formatCount, Meter } from '../../design';
import { fleetHistory, formatRate, newest } from '../../fleet/history';
import { memoryUsed } from '../../fleet/states';

/** The fleet in one line. `nodes` is absent for who may not see them. */
export function Glance({ status, nodes, replicas }: { status: Status; nodes: readonly Node[] | undefined; replicas: readonly Replica[] }) {
  const running = replicas.reduce((sum, replica) => sum + replica.running, 0);
  const waiting = replicas.reduce((sum, replica) => sum + replica.waiting, 0);
  return (
    <dl className="glance">
      <Figure name="Nodes ready" of={status.nodes}>{status.nodes_ready}</Figure>
      <Figure name="Replicas ready" of={status.replicas}>{status.replicas_ready}</Figure>
      <Figure name="Sequences decoded now">{formatCount(running)}</Figure>
      <Figure name="Waiting">{formatCount(waiting)}</Figure>
      {status.nodes > 0 ? <Tokens /> : null}
      <Figure name="Records in the log">{formatCount(status.records)}</Figure>
      {nodes ? <Memory nodes={nodes} /> : null}
    </dl>
  );
}

/** Of the last half minute. */
function Tokens() {
  const rate = newest(useQuery(fleetHistory('1h')).data?.output_tokens_per_s ?? []);
  return <Figure name="Tokens decoded">{rate === undefined ? <span className="glance-of">not measured yet</span> : formatRate(rate)}</Figure>;
}

function Memory({ nodes }: { nodes: readonly Node[] }) {
  const memory = nodes.filter(({ state }) => state === 'ready').flatMap((node) => memoryUsed(node) ?? []);
  const used = memory.reduce((sum, node) => sum + node.used, 0);
  const total = memory.reduce((sum, node) => sum + node.total, 0);
  return (
    <div className="glance-figure glance-memory">
      <dt>Memory of connected nodes</dt>
      <dd>{total > 0 ? <Meter label="Memory used on connected nodes" used={used} total={total} text={`${formatBytes(used)} of ${formatBytes(total)}`} /> : 'not measured yet'}</dd>
    </div>
  );
}

function Figure({ name, of, children }: { name: string; of?: number; children: ReactNode }) {
  return (
    <div className="glance-figure">
      <dt>{name}</dt>
      <dd>{children}{of === undefined ? null : <span className="glance-of"> of {of}</span>}</dd>
    </div>
  );
}
