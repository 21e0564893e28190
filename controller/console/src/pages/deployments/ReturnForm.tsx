import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { client, take } from '../../api/client';
import { Problem } from '../../api/errors';
import type { Deployment, DeploymentRevision } from '../../api/queries';
import { Button, DialogActions, Notice, say } from '../../design';
import { fields } from './history';

/** Shows what would be different, and returns only if the deployment is still as it was shown. */
export function ReturnForm({ deployment, to, onClose }: { deployment: Deployment; to: DeploymentRevision; onClose: () => void }) {
  const queries = useQueryClient();
  const [seen, setSeen] = useState(deployment);
  const changes = fields(seen, to);
  const back = useMutation({
    mutationFn: () => take(client.POST('/api/v1/deployments/{name}/return', {
      params: { path: { name: seen.name }, header: { 'If-Match': `"${seen.revision}"` } }, body: { revision: to.revision },
    })),
    onSuccess: async (saved) => {
      queries.setQueryData(['deployments', saved.name], saved);
      await queries.invalidateQueries();
      onClose();
      say(`${saved.name} is at revision ${saved.revision}, with the intent of revision ${to.revision}`);
    },
    onError: () => queries.invalidateQueries({ queryKey: ['deployments', seen.name] }),
  });
  const isChanged = back.error instanceof Problem && back.error.kind === 'revision-mismatch';
  const isRead = deployment.revision !== seen.revision;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (changes.length > 0 && !back.isPending && !isChanged) back.mutate();
  };
  const lookAgain = () => {
    setSeen(deployment);
    back.reset();
  };
  return (
    <form className="stack" onSubmit={submit}>
      {changes.length === 0
        ? <p>Revision {to.revision} asks for what is wanted now. There is nothing to return to.</p>
        : <Difference now={seen.revision} then={to.revision} changes={changes} />}
      <p className="soft small">This makes a new revision, and is on record. Replicas that are to run something else are replaced one after another.</p>
      {back.error ? <Notice tone="bad">{isChanged ? 'Somebody changed it meanwhile. Nothing was done.' : back.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        {isChanged
          ? <Button key="look" kind="primary" isDisabled={!isRead} onPress={lookAgain}>Compare with what is there now</Button>
          : <Button key="return" kind="primary" type="submit" isDisabled={changes.length === 0} isPending={back.isPending}>Return to revision {to.revision}</Button>}
      </DialogActions>
    </form>
  );
}

function Difference({ now, then, changes }: { now: number; then: number; changes: ReturnType<typeof fields> }) {
  return (
    <div className="table-scroll">
      <table className="table conflict" aria-label="What would be different">
        <thead><tr><th scope="col">Field</th><th scope="col">Now, revision {now}</th><th scope="col">Then, revision {then}</th></tr></thead>
        <tbody>{changes.map((change) => <tr key={change.field}><th scope="row">{change.field}</th><td>{change.now}</td><td className="conflict-changed">{change.then}</td></tr>)}</tbody>
      </table>
    </div>
  );
}
