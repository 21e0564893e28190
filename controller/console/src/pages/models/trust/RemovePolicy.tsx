import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { client, take } from '../../../api/client';
import { models, signers, type TrustPolicy } from '../../../api/queries';
import { useMay } from '../../../api/session';
import { ConfirmByName, say } from '../../../design';
import { dependentModels } from './policy';

export function RemovePolicy({ policy: { name, revision }, onClose }: { policy: TrustPolicy; onClose: () => void }) {
  const queries = useQueryClient();
  const may = useMay();
  const known = useQuery({ ...signers, enabled: may('signer.read') }).data ?? [];
  const its = dependentModels(name, known, useQuery(models).data ?? []);
  const remove = useMutation({
    mutationFn: () => take(client.DELETE('/api/v1/trust-policies/{name}', { params: { path: { name }, header: { 'If-Match': `"${revision}"` } } })),
    onSuccess: async ({ record_id: record }) => {
      await queries.invalidateQueries();
      onClose();
      say(`${name} is removed. Record ${record}`);
    },
  });
  return (
    <ConfirmByName title={`Remove ${name}`} name={name} action="Remove policy" isOpen isPending={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()} onClose={onClose}>
      <p>Models that nothing else makes acceptable are not placed any more, and their replicas are drained.</p>
      {its.length === 0 ? <p>No model in the fleet is signed by somebody whom this policy alone trusts.</p> : <ul className="bullets">{its.map((model) => <li key={model.name}>{model.name}</li>)}</ul>}
    </ConfirmByName>
  );
}
