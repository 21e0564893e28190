import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import { ConfirmByName, Notice, say } from '../../design';
import type { Account } from './queries';

export function ResetSecondFactor({ account, onClose }: { account: Account; onClose: () => void }) {
  const queries = useQueryClient();
  const reset = useMutation({
    mutationFn: () => take(client.DELETE('/api/v1/accounts/{account}/second-factor', { params: { path: { account: account.id } } })),
    onSuccess: async ({ record_id: record }) => {
      await queries.invalidateQueries();
      onClose();
      say(`The second factor of ${account.name} is reset. Record ${record}`);
    },
  });
  return (
    <ConfirmByName
      title={`Reset the second factor of ${account.name}`} name={account.name} action="Reset second factor" isOpen
      isPending={reset.isPending} error={reset.error} onConfirm={() => reset.mutate()} onClose={onClose}
    >
      <p>From then on {account.name} signs in without a code, until a new second factor is set up. The recovery codes are void, and open sessions end at once.</p>
      <Notice tone="warn">Make sure that it is {account.name} who asks: in person, or by a call to a number that you know.</Notice>
    </ConfirmByName>
  );
}
