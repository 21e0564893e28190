import { grouped } from '../../fleet/grouped';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import type { Node, Replica } from '../../api/queries';
import { ConfirmByName, say } from '../../design';

export function RevokeNode({ node, replicas, isOpen, onClose }: { node: Node; replicas: readonly Replica[]; isOpen: boolean; onClose: () => void }) {
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
      <Moves replicas={replicas} />
    </ConfirmByName>
  );
}

function Moves({ replicas }: { replicas: readonly Replica[] }) {
  if (replicas.length === 0) return <p>No replica is placed on it.</p>;
  const of = grouped(replicas, ({ deployment }) => deployment);
  return (
    <div>
      <p>These replicas stop, and are placed elsewhere if another node can take them:</p>
      <ul className="bullets">
        {[...of].map(([deployment, its]) => <li key={deployment}><strong>{deployment}</strong>: {its.length} {its.length === 1 ? 'replica' : 'replicas'}</li>)}
      </ul>
    </div>
  );
}
