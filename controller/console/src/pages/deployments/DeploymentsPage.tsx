import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { Link } from 'react-router';
import { deployments, type Deployment } from '../../api/queries';
import { useMay } from '../../api/session';
import { Button, DataTable, Dialog, EmptyState, ErrorState, formatCount, PageHead, Skeleton, Time, useDialogParameter, type Column } from '../../design';
import { ReadyBadge } from '../../fleet/states';
import { IntentForm } from './IntentForm';

const columns: Column<Deployment>[] = [
  { id: 'name', title: 'Deployment', sort: ({ name }) => name, cell: ({ name }) => <Link to={`/deployments/${encodeURIComponent(name)}`}>{name}</Link> },
  { id: 'ready', title: 'Replicas', sort: (row) => row.ready_replicas - row.replicas, cell: (row) => <ReadyBadge deployment={row} /> },
  { id: 'model', title: 'Model', sort: ({ model_name: model }) => model, cell: ({ model_name: model }) => <Link to={`/models/${encodeURIComponent(model)}`}>{model}</Link> },
  { id: 'context', title: 'Context', align: 'end', wideOnly: true, sort: (row) => row.context_length, cell: (row) => `${formatCount(row.context_length)} tokens` },
  { id: 'sequences', title: 'At once', align: 'end', wideOnly: true, sort: (row) => row.max_sequences, cell: (row) => row.max_sequences },
  { id: 'jurisdiction', title: 'Jurisdiction', wideOnly: true, sort: ({ jurisdiction }) => jurisdiction, cell: ({ jurisdiction }) => jurisdiction || <span className="soft">anywhere</span> },
  { id: 'revision', title: 'Revision', align: 'end', wideOnly: true, sort: ({ revision }) => revision, cell: ({ revision }) => revision },
  { id: 'created', title: 'Created', wideOnly: true, sort: (row) => row.created_at, cell: (row) => <Time at={row.created_at} /> },
];

const tenant: Column<Deployment> = { id: 'tenant', title: 'Tenant', wideOnly: true, sort: (row) => row.tenant ?? undefined, cell: (row) => row.tenant ?? <span className="soft">the fleet</span> };

export function DeploymentsPage() {
  const query = useQuery(deployments);
  const mayChange = useMay()('deployment.change');
  const [creating, openNew, closeNew] = useDialogParameter('new');
  const create = mayChange ? <Button kind="primary" icon={<Plus />} onPress={openNew}>New deployment</Button> : null;
  return (
    <>
      <PageHead title="Deployments" actions={create} />
      {query.data === undefined
        ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={6} />
        : query.data.length === 0
          ? <EmptyState title="Nothing is deployed" action={create}>A deployment says which model runs, how often and where. Its name is what callers write as the model.</EmptyState>
          : <DataTable label="Deployments" rows={query.data} columns={query.data.some((row) => row.tenant != null) ? [...columns, tenant] : columns} rowKey={({ name }) => name} initialSort={{ column: 'name', descending: false }} />}
      <Dialog title="New deployment" size="wide" isOpen={creating && mayChange} onClose={closeNew}><IntentForm onClose={closeNew} /></Dialog>
    </>
  );
}
