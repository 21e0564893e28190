import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { client, take } from '../../api/client';
import type { Deployment } from '../../api/queries';
import { Button, DialogActions, Notice, say } from '../../design';

/** Says what a restart does, and does it. */
export function RestartForm({ deployment, onClose }: { deployment: Deployment; onClose: () => void }) {
  const queries = useQueryClient();
  const { name, replicas: wanted } = deployment;
  const restart = useMutation({
    mutationFn: () => take(client.POST('/api/v1/deployments/{name}/restart', { params: { path: { name } } })),
    onSuccess: async (saved) => {
      queries.setQueryData(['deployments', name], saved);
      await queries.invalidateQueries();
      onClose();
      say(`${name} is being restarted. Record ${saved.record_id ?? ''}`);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!restart.isPending) restart.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p>{wanted === 0 ? 'No replica is wanted, so none is replaced.' : wanted === 1 ? 'Its replica is replaced by a new one.' : `Its ${wanted} replicas are replaced by new ones, one after another.`}</p>
      <ul className="bullets">
        <li>Where a node has room for one more, the new one answers before the old one goes, and callers notice nothing.</li>
        <li>Where none has, the old one stops first; until the new one has loaded there is one replica less.</li>
        <li>A replica that goes has 10 seconds to end the answers that it is giving; longer ones are cut off.</li>
      </ul>
      <p className="soft small">This makes a new revision, and is on record.</p>
      {restart.error ? <Notice tone="bad">{restart.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isPending={restart.isPending}>Restart</Button>
      </DialogActions>
    </form>
  );
}
