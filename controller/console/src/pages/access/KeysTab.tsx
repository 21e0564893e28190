import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { keys, type Key } from '../../api/queries';
import { useMay } from '../../api/session';
import { Badge, Button, DataTable, EmptyState, ErrorState, Section, Skeleton, Time, useClock, useDialogParameter, type Column } from '../../design';
import { CreateKey } from './CreateKey';
import { RevokeKey } from './RevokeKey';

/** Keys of programs. People have accounts. */
export function KeysTab() {
  const query = useQuery(keys);
  const may = useMay();
  const [creating, openNew, closeNew] = useDialogParameter('new');
  const [revoking, setRevoking] = useState<Key>();
  const create = may('key.create') ? <Button kind="primary" icon={<Plus />} onPress={openNew}>Create an API key</Button> : null;
  return (
    <>
      <Section title="API keys" note="for programs; a secret is shown once, when its key is made" actions={create}>
        {query.data === undefined
          ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={3} />
          : query.data.length === 0
            ? <EmptyState title="No key yet" action={create}>Programs that ask models use a key.</EmptyState>
            : <DataTable label="API keys" rows={query.data} columns={columns(may('key.revoke') ? setRevoking : undefined, query.data.some(({ tenant }) => tenant != null))} rowKey={({ id }) => id} initialSort={{ column: 'created', descending: true }} />}
      </Section>
      <CreateKey isOpen={creating && may('key.create')} onClose={closeNew} />
      {revoking ? <RevokeKey of={revoking} onClose={() => setRevoking(undefined)} /> : null}
    </>
  );
}

function columns(onRevoke: ((key: Key) => void) | undefined, hasTenants: boolean): Column<Key>[] {
  const tenant: Column<Key> = { id: 'tenant', title: 'Tenant', wideOnly: true, sort: (key) => key.tenant ?? undefined, cell: (key) => key.tenant ?? <span className="soft">the fleet</span> };
  const revoke: Column<Key> = {
    id: 'revoke', title: 'Action', align: 'end',
    cell: (key) => (key.revoked_at == null ? <Button kind="ghost" aria-label={`Revoke ${key.name}`} onPress={() => onRevoke?.(key)}>Revoke</Button> : null),
  };
  return [
    { id: 'name', title: 'Name', sort: ({ name }) => name, cell: ({ name }) => <strong className="wrap">{name}</strong> },
    { id: 'state', title: 'State', cell: (key) => <KeyState of={key} /> },
    { id: 'role', title: 'Role', sort: ({ role }) => role, cell: ({ role }) => role },
    { id: 'models', title: 'Deployments', wideOnly: true, cell: ({ models, role }) => (models.length > 0 ? models.join(', ') : <span className="soft">{role === 'admin' ? 'everything' : 'all'}</span>) },
    ...(hasTenants ? [tenant] : []),
    { id: 'used', title: 'Last used', sort: (key) => key.last_used_at ?? undefined, cell: (key) => (key.last_used_at ? <Time at={key.last_used_at} /> : <span className="soft">never</span>) },
    { id: 'created', title: 'Created', wideOnly: true, sort: (key) => key.created_at, cell: (key) => <Time at={key.created_at} /> },
    { id: 'expires', title: 'Expires', wideOnly: true, sort: (key) => key.expires_at ?? undefined, cell: (key) => (key.expires_at ? <Time at={key.expires_at} /> : <span className="soft">never</span>) },
    ...(onRevoke ? [revoke] : []),
  ];
}

function KeyState({ of: key }: { of: Key }) {
  const expired = useClock((now) => key.expires_at != null && new Date(key.expires_at) <= now);
  if (key.revoked_at != null) return <Badge tone="off">revoked</Badge>;
  return expired ? <Badge tone="off">expired</Badge> : <Badge tone="ok">valid</Badge>;
}
