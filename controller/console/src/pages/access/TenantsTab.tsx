import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { tenants, type Tenant } from '../../api/queries';
import { useMay } from '../../api/session';
import { Button, DataTable, EmptyState, ErrorState, Section, Skeleton, Time, useDialogParameter, type Column } from '../../design';
import { CreateTenant } from './CreateTenant';
import { RemoveTenant } from './RemoveTenant';

/** Parts of the organisation that do not see each other. */
export function TenantsTab() {
  const query = useQuery(tenants);
  const may = useMay()('tenant.change');
  const [creating, openNew, closeNew] = useDialogParameter('new');
  const [removing, setRemoving] = useState<Tenant>();
  const create = may ? <Button kind="primary" icon={<Plus />} onPress={openNew}>Create a tenant</Button> : null;
  return (
    <Section title="Tenants" note="their accounts, keys, deployments and records are their own" actions={create}>
      {query.data === undefined
        ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={3} />
        : query.data.length === 0
          ? <EmptyState title="No tenant" action={create}>Everything belongs to the fleet itself. Where departments, clients or matters must not see each other, each becomes a tenant.</EmptyState>
          : <DataTable label="Tenants" rows={query.data} columns={columns(may ? setRemoving : undefined)} rowKey={({ name }) => name} initialSort={{ column: 'name', descending: false }} />}
      <CreateTenant isOpen={may && creating} onClose={closeNew} />
      {removing ? <RemoveTenant of={removing} onClose={() => setRemoving(undefined)} /> : null}
    </Section>
  );
}

function columns(onRemove: ((tenant: Tenant) => void) | undefined): Column<Tenant>[] {
  const remove: Column<Tenant> = {
    id: 'remove', title: 'Action', align: 'end', cell: (tenant) => <Button kind="ghost" aria-label={`Remove ${tenant.name}`} onPress={() => onRemove?.(tenant)}>Remove</Button>,
  };
  return [
    { id: 'name', title: 'Tenant', sort: ({ name }) => name, cell: ({ name }) => <strong className="wrap">{name}</strong> },
    { id: 'title', title: 'Called', wideOnly: true, sort: ({ title }) => title, cell: ({ title }) => <span className="wrap">{title}</span> },
    { id: 'accounts', title: 'Accounts', align: 'end', sort: (tenant) => tenant.accounts, cell: (tenant) => tenant.accounts },
    { id: 'keys', title: 'Keys', align: 'end', sort: (tenant) => tenant.keys, cell: (tenant) => tenant.keys },
    { id: 'deployments', title: 'Deployments', align: 'end', sort: (tenant) => tenant.deployments, cell: (tenant) => tenant.deployments },
    { id: 'usage', title: 'Usage', wideOnly: true, cell: ({ name }) => <Link to={`/access/usage?tenant=${encodeURIComponent(name)}`}>Usage of {name}</Link> },
    { id: 'created', title: 'Created', wideOnly: true, sort: (tenant) => tenant.created_at, cell: (tenant) => <Time at={tenant.created_at} /> },
    ...(onRemove ? [remove] : []),
  ];
}
