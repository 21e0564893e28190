import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { client, take } from '../../api/client';
import type { ModelDetail } from '../../api/queries';
import { Button, ConfirmByName, Dialog, DialogActions, formatBytes, Notice, say } from '../../design';

export function RemoveModel({ model, isOpen, onClose }: { model: ModelDetail; isOpen: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { name, deployments } = model;
  const remove = useMutation({
    mutationFn: () => take(client.DELETE('/api/v1/models/{model}', { params: { path: { model: name } } })),
    onSuccess: ({ record_id: record }) => {
      void navigate('/models', { replace: true });
      void queries.invalidateQueries();
      say(`${name} is removed. Record ${record}`);
    },
  });
  if (deployments.length > 0) {
    return (
      <Dialog title={`${name} is in use`} isOpen={isOpen} onClose={onClose}>
        <Notice tone="warn">It cannot be removed while deployments use it: {deployments.join(', ')}. Remove them or give them another model first.</Notice>
        <DialogActions><Button kind="primary" onPress={onClose}>Close</Button></DialogActions>
      </Dialog>
    );
  }
  return (
    <ConfirmByName title={`Remove ${name}`} name={name} action="Remove model" isOpen={isOpen} isPending={remove.isPending} error={remove.error} onConfirm={() => remove.mutate()} onClose={onClose}>
      <p>Its files ({formatBytes(model.size_bytes)}) are deleted from the controller. To have it again it must be imported again. The records of what it answered stay.</p>
    </ConfirmByName>
  );
}
