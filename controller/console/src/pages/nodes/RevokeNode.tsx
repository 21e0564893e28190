import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import type { Node } from '../../api/queries';
import { ConfirmByName, say } from '../../design';
import { Prospects } from './Prospects';

export function RevokeNode({ node, isOpen, onClose }: { node: Node; isOpen: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => take(client.POST('/api/v1/nodes/{node}/revocation', { params: { path: { node: node.id } } })),
    onSuccess: async ({ record_id: record }) => {
      await queries.invalidateQueries();
      onClose();
      say(`${node.name} is shut out. Record ${record}`);
    },
  });
  return (
    <ConfirmByName
      title={`Revoke ${node.name}`} name={node.name} action="Revoke node" isOpen={isOpen}
      isPending={revoke.isPending} error={revoke.error} onConfirm={() => revoke.mutate()} onClose={onClose}
    >
      <p>Its certificate is no longer accepted from now on, its session ends, and its agent stops. There is no way back: to use the machine again, join it with a new token.</p>
      <Prospects node={node} change="revoke" />
    </ConfirmByName>
  );
}
