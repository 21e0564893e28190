import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import type { Key } from '../../api/queries';
import { ConfirmByName, say } from '../../design';

export function RevokeKey({ of: key, onClose }: { of: Key; onClose: () => void }) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => take(client.DELETE('/api/v1/keys/{key_id}', { params: { path: { key_id: key.id } } })),
    onSuccess: async ({ record_id: record }) => {
      await queries.invalidateQueries({ queryKey: ['keys'] });
      onClose();
      say(`${key.name} is revoked. Record ${record}`);
    },
  });
  return (
    <ConfirmByName title={`Revoke ${key.name}`} name={key.name} action="Revoke key" isOpen isPending={revoke.isPending} error={revoke.error} onConfirm={() => revoke.mutate()} onClose={onClose}>
      <p>Whatever uses this key is turned away from now on. A revoked key stays revoked; create another if it is needed again.</p>
    </ConfirmByName>
  );
}
