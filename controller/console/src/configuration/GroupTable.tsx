import { DataTable, EmptyState, type Column } from '../design';
import type { GroupRoles, IdentityProvider } from './queries';

const columns: Column<GroupRoles>[] = [
  { id: 'group', title: 'Group there', sort: ({ group }) => group, cell: ({ group }) => <code className="wrap">{group}</code>, width: '50%' },
  { id: 'roles', title: 'Roles here', sort: ({ roles }) => roles.join(), cell: ({ roles }) => roles.join(', ') },
];

const tenant: Column<GroupRoles> = { id: 'tenant', title: 'Tenant', sort: (rule) => rule.tenant ?? undefined, cell: (rule) => rule.tenant ?? <span className="soft">the fleet</span> };

/** What the groups of an identity provider may do here. */
export function GroupTable({ of: provider }: { of: IdentityProvider }) {
  if (provider.groups.length === 0) return <EmptyState title="No group has a role">Nobody gets in this way until the file names one.</EmptyState>;
  // A file may name a group twice; it then has the roles of both.
  return <DataTable label={`Groups of ${provider.name} and their roles`} rows={provider.groups} columns={provider.groups.some(({ tenant }) => tenant != null) ? [...columns, tenant] : columns} rowKey={({ group, roles, tenant: of }) => `${group} ${roles.join()} ${of ?? ''}`} />;
}
