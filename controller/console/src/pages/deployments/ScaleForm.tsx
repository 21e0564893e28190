import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { client, take } from '../../api/client';
import { Problem } from '../../api/errors';
import type { Deployment } from '../../api/queries';
import { Button, DialogActions, NumberField, Notice, say } from '../../design';
import { draftOf, requestOf } from './intent';

export function ScaleForm({ deployment, onClose }: { deployment: Deployment; onClose: () => void }) {
  const queries = useQueryClient();
  const [seen, setSeen] = useState(deployment);
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
    // Whoever is told that it was changed is shown to what.
    onError: () => queries.invalidateQueries({ queryKey: ['deployments', seen.name] }),
  });
  const isOld = isChanged(save.error) && deployment.revision !== seen.revision;
  const goOn = () => {
    setSeen(deployment);
    save.reset();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (replicas === seen.replicas) return onClose();
    if (!save.isPending && !isChanged(save.error)) save.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <NumberField label="Replicas" hint={consequence(seen.replicas, replicas)} value={replicas} onChange={(value) => setReplicas(Number.isNaN(value) ? 0 : value)} min={0} max={1024} autoFocus />
      {save.error ? <Notice tone="bad">{isChanged(save.error) ? `Somebody changed it meanwhile${isOld ? nowAt(deployment) : ''}. Nothing of yours was saved.` : save.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        {/* Two buttons, not one that changes: the press that goes on must not also submit. */}
        {isChanged(save.error)
          ? <Button key="on" kind="primary" isDisabled={!isOld} onPress={goOn}>Go on from there</Button>
          : <Button key="scale" kind="primary" type="submit" isPending={save.isPending}>Scale</Button>}
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

const isChanged = (error: Error | null): boolean => error instanceof Problem && error.kind === 'revision-mismatch';

const nowAt = ({ replicas, revision }: Deployment): string => `: it is at revision ${revision} and wants ${replicas}`;
