import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useNavigate } from 'react-router';
import { client, take } from '../../api/client';
import { Problem } from '../../api/errors';
import { models, type Deployment } from '../../api/queries';
import { Button, DialogActions, Notice, say } from '../../design';
import { Conflict } from './Conflict';
import { blank, draftOf, draftProblems, merged, requestOf, withOnlyModel, type Draft } from './intent';
import { IntentFields } from './IntentFields';

/** Creates a deployment, or changes `existing` if it is still as it was read. */
export function IntentForm({ existing, onClose }: { existing?: Deployment; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  // What was read when the form opened; news that arrive meanwhile do not change what is compared.
  const [base, setBase] = useState(existing);
  const [typed, setDraft] = useState<Draft>(existing ? draftOf(existing) : blank);
  const [theirs, setTheirs] = useState<Deployment>();
  const [tried, setTried] = useState(false);
  const found = useQuery(models).data ?? [];
  const draft = withOnlyModel(typed, found.filter(({ approval }) => approval === 'approved'));
  const problems = draftProblems(draft);
  const save = useMutation({
    mutationFn: () => put(draft, base),
    onSuccess: async (saved) => {
      queries.setQueryData(['deployments', saved.name], saved);
      await queries.invalidateQueries();
      say(`${saved.name} is at revision ${saved.revision}`);
      if (base) onClose();
      else void navigate(`/deployments/${encodeURIComponent(saved.name)}`);
    },
    onError: async (error) => {
      if (error instanceof Problem && error.kind === 'revision-mismatch') setTheirs(await read(draft.name));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(problems).length === 0 && !save.isPending) save.mutate();
  };
  const adopt = (next: Draft) => {
    setBase(theirs);
    setDraft(next);
    setTheirs(undefined);
    save.reset();
  };
  if (theirs && base) {
    const versions = { before: draftOf(base), theirs: draftOf(theirs), yours: draft };
    return (
      <Conflict {...versions} revision={theirs.revision}
        onMerge={() => adopt(merged(versions.before, versions.theirs, versions.yours))} onTheirs={() => adopt(versions.theirs)} />
    );
  }
  return (
    <form className="stack" onSubmit={submit}>
      <IntentFields draft={draft} onChange={setDraft} models={found} isNew={!base} problems={tried ? problems : {}} />
      {save.error ? <Notice tone="bad">{taken(save.error) ?? save.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isPending={save.isPending}>{base ? 'Save' : 'Deploy'}</Button>
      </DialogActions>
    </form>
  );
}

/** A new deployment must not exist yet: revision 0 is one that nothing has. */
const NOT_YET = 0;

function put(draft: Draft, base: Deployment | undefined): Promise<Deployment> {
  const header = { 'If-Match': `"${base?.revision ?? NOT_YET}"` };
  return take(client.PUT('/api/v1/deployments/{name}', { params: { path: { name: draft.name }, header }, body: requestOf(draft) }));
}

const read = (name: string): Promise<Deployment> =>
  take(client.GET('/api/v1/deployments/{name}', { params: { path: { name } } }));

const taken = (error: Error): string | undefined =>
  error instanceof Problem && error.kind === 'revision-mismatch' ? 'A deployment of this name is there already. Choose another name, or open that one and edit it.' : undefined;
