import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import type { Tenant } from '../../api/queries';
import { Button, ConfirmByName, Dialog, DialogActions, say } from '../../design';

export function RemoveTenant({ of: tenant, onClose }: { of: Tenant; onClose: () => void }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => take(client.DELETE('/api/v1/tenants/{tenant}', { params: { path: { tenant: tenant.name } } })),
    onSuccess: async ({ record_id: record }) => {
      await queries.invalidateQueries({ queryKey: ['tenants'] });
      onClose();
      say(`${tenant.name} is removed. Record ${record}`);
    },
  });
  const left = leftOf(tenant);
  if (left) {
    return (
      <Dialog title={`${tenant.name} is not empty`} isOpen onClose={onClose}>
        <div className="stack">
          <p>It still has {left}. Remove its deployments, revoke its keys and disable its accounts first; then it can be removed.</p>
          <DialogActions><Button kind="primary" onPress={onClose}>Close</Button></DialogActions>
        </div>
      </Dialog>
    );
  }
  return (
    <ConfirmByName title={`Remove ${tenant.name}`} name={tenant.name} action="Remove tenant" isOpen isPending={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()} onClose={onClose}>
      <p>Nothing and nobody belongs to it any more. Its records stay in the log, and its usage in the reports.</p>
    </ConfirmByName>
  );
}

/** What keeps it from being removed, in words; empty when nothing does. */
export function leftOf({ accounts, keys, deployments }: Tenant): string {
  const parts: [number, string][] = [[accounts, 'account'], [keys, 'key'], [deployments, 'deployment']];
  return parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}${count === 1 ? '' : 's'}`).join(', ');
}
