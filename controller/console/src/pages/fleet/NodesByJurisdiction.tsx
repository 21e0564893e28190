import { grouped } from '../../fleet/grouped';
import { Link } from 'react-router';
import type { Node } from '../../api/queries';
import { EmptyState, formatBytes, Meter, Section } from '../../design';
import { jurisdictionName, memoryUsed, NodeBadge, SchedulingBadge } from '../../fleet/states';

/** Nodes that may take work, under the law that they stand in. */
export function NodesByJurisdiction({ nodes }: { nodes: readonly Node[] }) {
  const here = nodes.filter(({ state }) => state !== 'revoked');
  const groups = grouped(here, ({ jurisdiction }) => jurisdiction);
  if (here.length === 0) {
    return <Section title="Nodes"><EmptyState title="No node yet" action={<Link to="/nodes?add">Add a node</Link>}>Models run on nodes: machines with an agent.</EmptyState></Section>;
  }
  return (
    <Section title="Nodes by jurisdiction" actions={<Link className="small" to="/nodes">All nodes</Link>}>
      {[...groups.keys()].toSorted().map((code) => <Territory key={code} code={code} nodes={groups.get(code) ?? []} />)}
    </Section>
  );
}

function Territory({ code, nodes }: { code: string; nodes: readonly Node[] }) {
  const ready = nodes.filter(({ state }) => state === 'ready').length;
  return (
    <div className="territory">
      <h3>{jurisdictionName(code)}<span className="soft">{ready} of {nodes.length} ready</span></h3>
      <ul>{nodes.map((node) => <NodeLine key={node.id} node={node} />)}</ul>
    </div>
  );
}

function NodeLine({ node }: { node: Node }) {
  const memory = memoryUsed(node);
  return (
    <li className="node-line">
      <Link to={`/nodes/${encodeURIComponent(node.name)}`}>{node.name}</Link>
      <span className="row"><NodeBadge state={node.state} /><SchedulingBadge node={node} /></span>
      <span className="node-line-memory">
        {memory && node.state === 'ready' ? <Meter label={`Memory used on ${node.name}`} used={memory.used} total={memory.total} text={`${formatBytes(memory.used)} of ${formatBytes(memory.total)}`} /> : null}
      </span>
      <span className="soft small node-line-chips">{accelerators(node)}</span>
      <span className="soft small nowrap">{node.replicas} {node.replicas === 1 ? 'replica' : 'replicas'}</span>
    </li>
  );
}

/** What computes: its GPUs, or the CPU offered as one. */
export function accelerators(node: Node): string {
  if (node.gpus.length > 0) return node.gpus.join(', ');
  return node.cores && node.isa ? `CPU, ${node.cores} cores, ${node.isa}` : 'not measured yet';
}
