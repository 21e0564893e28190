import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import { useSession } from '../../api/session';
import { ConfirmByName, Notice, say } from '../../design';
import type { Account } from './queries';

export function DisableAccount({ account, onClose }: { account: Account; onClose: () => void }) {
  const queries = useQueryClient();
  const isOwn = useSession().account.id === account.id;
  const disable = useMutation({
    mutationFn: () => take(client.DELETE('/api/v1/accounts/{account}', { params: { path: { account: account.id } } })),
    onSuccess: async ({ record_id: record }) => {
      await queries.invalidateQueries();
      onClose();
      say(`${account.name} can no longer sign in. Record ${record}`);
    },
  });
  return (
    <ConfirmByName
      title={`Disable ${account.name}`} name={account.name} action="Disable account" isOpen
      isPending={disable.isPending} error={disable.error} onConfirm={() => disable.mutate()} onClose={onClose}
    >
      <p>{account.name} can no longer sign in, and open sessions end at once. The name stays taken, and records keep it. There is no way back.</p>
      {isOwn ? <Notice tone="warn">This is your own account: you will be signed out.</Notice> : null}
    </ConfirmByName>
  );
}
