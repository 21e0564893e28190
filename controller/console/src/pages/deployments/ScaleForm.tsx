import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { client, take } from '../../api/client';
import { Problem } from '../../api/errors';
import type { Deployment } from '../../api/queries';
import { Button, DialogActions, NumberField, Notice, say } from '../../design';
import { draftOf, requestOf } from './intent';

export function ScaleForm({ deployment, onClose }: { deployment: Deployment; onClose: () => void }) {
  const queries = useQueryClient();
  const [seen] = useState(deployment);
  const [replicas, setReplicas] = useState(deployment.replicas);
  const save = useMutation({
    mutationFn: () => take(client.PUT('/api/v1/deployments/{name}', {
      params: { path: { name: seen.name }, header: { 'If-Match': `"${seen.revision}"` } },
      body: { ...requestOf(draftOf(seen)), replicas },
    })),
    onSuccess: async (saved) => {
      queries.setQueryData(['deployments', saved.name], saved);
      await queries.invalidateQueries();
      onClose();
      say(`${saved.name} wants ${saved.replicas} ${saved.replicas === 1 ? 'replica' : 'replicas'} now`);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!save.isPending) save.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <NumberField label="Replicas" hint={consequence(seen.replicas, replicas)} value={replicas} onChange={(value) => setReplicas(Number.isNaN(value) ? 0 : value)} min={0} max={1024} autoFocus />
      {save.error ? <Notice tone="bad">{changed(save.error, deployment)}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isPending={save.isPending} isDisabled={replicas === seen.replicas}>Scale</Button>
      </DialogActions>
    </form>
  );
}

/** What will happen, before it does. */
export function consequence(now: number, wanted: number): string {
  if (wanted === now) return `${now} ${now === 1 ? 'is' : 'are'} wanted now`;
  if (wanted === 0) return 'All replicas finish what they have and stop; callers are turned away';
  const by = Math.abs(wanted - now);
  const what = by === 1 ? 'replica' : 'replicas';
  return wanted > now ? `${by} more ${what} will be placed` : `${by} ${what} will finish what ${by === 1 ? 'it has' : 'they have'} and stop`;
}

function changed(error: Error, { replicas, revision }: Deployment): string {
  if (!(error instanceof Problem) || error.kind !== 'revision-mismatch') return error.message;
  return `Somebody changed it meanwhile: it is at revision ${revision} and wants ${replicas}. Nothing was saved; close this and look again.`;
}
