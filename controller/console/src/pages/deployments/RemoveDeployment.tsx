import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { client, take } from '../../api/client';
import type { Deployment } from '../../api/queries';
import { ConfirmByName, say } from '../../design';

export function RemoveDeployment({ deployment, isOpen, onClose }: { deployment: Deployment; isOpen: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { name, ready_replicas: ready } = deployment;
  const remove = useMutation({
    mutationFn: () => take(client.DELETE('/api/v1/deployments/{name}', { params: { path: { name } } })),
    onSuccess: ({ record_id: record }) => {
      void navigate('/deployments', { replace: true });
      void queries.invalidateQueries();
      say(`${name} is removed. Record ${record}`);
    },
  });
  return (
    <ConfirmByName title={`Remove ${name}`} name={name} action="Remove deployment" isOpen={isOpen} isPending={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()} onClose={onClose}>
      <p>Callers of <code>{name}</code> are turned away at once. {ready > 0 ? `Its ${ready === 1 ? 'replica finishes' : `${ready} replicas finish`} what ${ready === 1 ? 'it has' : 'they have'} and ${ready === 1 ? 'stops' : 'stop'}.` : 'None of its replicas is ready.'} The model and the records stay.</p>
    </ConfirmByName>
  );
}
