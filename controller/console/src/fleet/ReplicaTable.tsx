import { Link } from 'react-router';
import type { Replica } from '../api/queries';
import { DataTable, formatBytes, formatDuration, Meter, type Column } from '../design';
import { PhaseBadge } from './states';

const id: Column<Replica> = {
  id: 'id', title: 'Replica', sort: (replica) => replica.id,
  cell: (replica) => <Link className="mono" to={`/deployments/${encodeURIComponent(replica.deployment)}?replica=${replica.id}`} title={replica.id}>…{replica.id.slice(-6)}</Link>,
};
const phase: Column<Replica> = { id: 'phase', title: 'Phase', sort: (replica) => replica.phase, cell: (replica) => <Progress replica={replica} /> };
const deployment: Column<Replica> = { id: 'deployment', title: 'Deployment', sort: (replica) => replica.deployment, cell: (replica) => replica.deployment };
const node: Column<Replica> = {
  id: 'node', title: 'Node', sort: (replica) => replica.node_name ?? undefined,
  cell: ({ node_name: name }) => (name ? <Link to={`/nodes/${encodeURIComponent(name)}`}>{name}</Link> : <span className="soft">nowhere</span>),
};
const rest: Column<Replica>[] = [
  { id: 'running', title: 'Decoding', align: 'end', sort: ({ running }) => running, cell: ({ running }) => running },
  { id: 'waiting', title: 'Waiting', align: 'end', wideOnly: true, sort: ({ waiting }) => waiting, cell: ({ waiting }) => waiting },
  { id: 'speed', title: 'Speed lately', align: 'end', wideOnly: true, sort: ({ speed }) => speed?.tokens_per_s ?? undefined, cell: (replica) => <Speed replica={replica} /> },
  { id: 'restarts', title: 'Restarts', align: 'end', wideOnly: true, sort: ({ restarts }) => restarts, cell: ({ restarts }) => restarts },
  { id: 'isa', title: 'Kernels', wideOnly: true, sort: ({ isa }) => isa ?? undefined, cell: ({ isa }) => (isa ? <code>{isa}</code> : null) },
  { id: 'error', title: 'Error', wideOnly: true, cell: ({ error }) => (error ? <span className="wrap">{error}</span> : null) },
];

export function ReplicaTable({ label, replicas, show }: { label: string; replicas: readonly Replica[]; show: 'deployment' | 'node' }) {
  const columns = [id, phase, show === 'node' ? node : deployment, ...rest];
  return <DataTable label={label} rows={replicas} columns={columns} rowKey={(replica) => replica.id} initialSort={{ column: 'id', descending: false }} />;
}

function Progress({ replica }: { replica: Replica }) {
  const { phase: now, progress_bytes: done, total_bytes: total } = replica;
  if (total === 0 || now === 'ready') return <PhaseBadge phase={now} />;
  return <span className="row"><PhaseBadge phase={now} /><Meter label={`Progress of ${now}`} used={done} total={total} text={`${formatBytes(done)} of ${formatBytes(total)}`} warnAt={2} /></span>;
}

/** As its node measured it; what was not asked lately has no speed to show. */
function Speed({ replica: { phase: now, speed } }: { replica: Replica }) {
  if (!speed) return now === 'ready' ? <span className="soft small">no requests lately</span> : null;
  const { tokens_per_s: pace, first_token_ms: first, answers, window_s: seconds } = speed;
  const title = `${answers} ${answers === 1 ? 'answer' : 'answers'} in the last ${formatDuration(seconds)}; the first token after ${first} ms (median)`;
  return <span className="nowrap" title={title}>{pace == null ? '' : `${pace.toFixed(1)} tokens/s, `}first after {formatDuration(first / 1000)}</span>;
}
