import { grouped } from '../../fleet/grouped';
import { Link } from 'react-router';
import type { Deployment, Replica } from '../../api/queries';
import { DataTable, EmptyState, Section, type Column } from '../../design';
import { ReadyBadge } from '../../fleet/states';

type Row = Deployment & { running: number; waiting: number };

const columns: Column<Row>[] = [
  { id: 'name', title: 'Deployment', sort: ({ name }) => name, cell: ({ name }) => <Link to={`/deployments/${encodeURIComponent(name)}`}>{name}</Link> },
  { id: 'ready', title: 'Replicas', sort: (row) => row.ready_replicas - row.replicas, cell: (row) => <ReadyBadge deployment={row} /> },
  { id: 'model', title: 'Model', wideOnly: true, sort: ({ model_name: model }) => model, cell: ({ model_name: model }) => <Link to={`/models/${encodeURIComponent(model)}`}>{model}</Link> },
  { id: 'jurisdiction', title: 'Jurisdiction', wideOnly: true, sort: ({ jurisdiction }) => jurisdiction, cell: ({ jurisdiction }) => jurisdiction || <span className="soft">anywhere</span> },
  { id: 'running', title: 'Decoding', align: 'end', sort: ({ running }) => running, cell: ({ running }) => running },
  { id: 'waiting', title: 'Waiting', align: 'end', sort: ({ waiting }) => waiting, cell: ({ waiting }) => waiting },
];

export function DeploymentsAtAGlance({ deployments, replicas }: { deployments: readonly Deployment[]; replicas: readonly Replica[] }) {
  const of = grouped(replicas, ({ deployment }) => deployment);
  const rows = deployments.map((deployment): Row => {
    const its = of.get(deployment.name) ?? [];
    return { ...deployment, running: sum(its, 'running'), waiting: sum(its, 'waiting') };
  });
  return (
    <Section title="Deployments" actions={<Link className="small" to="/deployments">All deployments</Link>}>
      {rows.length === 0
        ? <EmptyState title="Nothing is deployed" action={<Link to="/deployments?new">New deployment</Link>}>A deployment says which model runs, how often and where.</EmptyState>
        : <DataTable label="Deployments" rows={rows} columns={columns} rowKey={({ name }) => name} initialSort={{ column: 'ready', descending: false }} />}
    </Section>
  );
}

const sum = (replicas: readonly Replica[], figure: 'running' | 'waiting'): number =>
  replicas.reduce((total, replica) => total + replica[figure], 0);
