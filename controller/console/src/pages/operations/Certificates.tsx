import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { nodes, type Node } from '../../api/queries';
import { Badge, DataTable, EmptyState, ErrorState, Skeleton, Time, useClock, type Column, type Tone } from '../../design';
import { NodeBadge } from '../../fleet/states';

const SOON_MS = 6 * 3_600_000;

export function expiry(at: string, now: Date): { tone: Tone; word: string } {
  const left = Date.parse(at) - now.getTime();
  if (left <= 0) return { tone: 'bad', word: 'expired' };
  return left < SOON_MS ? { tone: 'warn', word: 'expires soon' } : { tone: 'ok', word: 'valid' };
}

const columns: Column<Node>[] = [
  { id: 'node', title: 'Node', sort: ({ name }) => name, cell: ({ name }) => <Link to={`/nodes/${encodeURIComponent(name)}`}>{name}</Link> },
  { id: 'state', title: 'Node is', cell: ({ state }) => <NodeBadge state={state} /> },
  { id: 'certificate', title: 'Certificate', cell: (node) => <CertificateBadge at={node.certificate_expires_at} /> },
  { id: 'expires', title: 'Expires', sort: (node) => node.certificate_expires_at, cell: (node) => <Time at={node.certificate_expires_at} exact /> },
];

function CertificateBadge({ at }: { at: string }) {
  const word = useClock((now) => expiry(at, now).word);
  return <Badge tone={expiry(at, new Date()).tone}>{word}</Badge>;
}

export function Certificates() {
  const query = useQuery(nodes);
  if (!query.data) return query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={3} />;
  // That of a revoked node is not accepted, whenever it would expire.
  const held = query.data.filter(({ state }) => state !== 'revoked');
  if (held.length === 0) return <EmptyState title="No node yet" />;
  return <DataTable label="Certificates of nodes" rows={held} columns={columns} rowKey={({ id }) => id} initialSort={{ column: 'expires', descending: false }} />;
}
