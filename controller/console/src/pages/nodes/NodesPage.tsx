import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { Link } from 'react-router';
import { nodes, type Node } from '../../api/queries';
import { useMay } from '../../api/session';
import { Button, DataTable, EmptyState, ErrorState, formatBytes, Meter, PageHead, Skeleton, Time, useDialogParameter, type Column } from '../../design';
import { memoryUsed, NodeBadge, SchedulingBadge } from '../../fleet/states';
import { AddNode } from './AddNode';

const columns: Column<Node>[] = [
  { id: 'name', title: 'Node', sort: ({ name }) => name, cell: ({ name }) => <Link to={`/nodes/${encodeURIComponent(name)}`}>{name}</Link> },
  { id: 'state', title: 'State', sort: ({ state }) => state, cell: (node) => <span className="row"><NodeBadge state={node.state} /><SchedulingBadge node={node} /></span> },
  { id: 'jurisdiction', title: 'Jurisdiction', sort: ({ jurisdiction }) => jurisdiction, cell: ({ jurisdiction }) => jurisdiction || <span className="soft">not set</span> },
  { id: 'region', title: 'Region', wideOnly: true, sort: ({ region }) => region, cell: ({ region }) => region || <span className="soft">not set</span> },
  { id: 'memory', title: 'Memory used', wideOnly: true, width: '24%', sort: (node) => memoryUsed(node)?.used, cell: (node) => <Memory node={node} /> },
  { id: 'replicas', title: 'Replicas', align: 'end', sort: ({ replicas }) => replicas, cell: ({ replicas }) => replicas },
  { id: 'seen', title: 'Last seen', wideOnly: true, sort: (node) => node.last_seen_at ?? undefined, cell: ({ last_seen_at: seen }) => (seen ? <Time at={seen} /> : <span className="soft">not since the controller started</span>) },
  { id: 'certificate', title: 'Certificate', wideOnly: true, sort: (node) => node.certificate_expires_at, cell: (node) => (node.state === 'revoked' ? <span className="soft">not accepted</span> : <Time at={node.certificate_expires_at} />) },
];

function Memory({ node }: { node: Node }) {
  const memory = memoryUsed(node);
  if (!memory || node.state !== 'ready') return null;
  return <Meter label={`Memory used on ${node.name}`} used={memory.used} total={memory.total} text={`${formatBytes(memory.used)} of ${formatBytes(memory.total)}`} />;
}

export function NodesPage() {
  const query = useQuery(nodes);
  const may = useMay();
  const [adding, openAdd, closeAdd] = useDialogParameter('add');
  const add = may('node.admit') ? <Button kind="primary" icon={<Plus />} onPress={openAdd}>Add a node</Button> : null;
  return (
    <>
      <PageHead title="Nodes" actions={add} />
      {query.data === undefined
        ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={6} />
        : query.data.length === 0
          ? <EmptyState title="No node yet" action={add}>Models run on nodes: machines with an agent. A token admits one, once.</EmptyState>
          : <DataTable label="Nodes" rows={query.data} columns={columns} rowKey={({ id }) => id} initialSort={{ column: 'name', descending: false }} />}
      <AddNode isOpen={adding && may('node.admit')} onClose={closeAdd} />
    </>
  );
}
