import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { client, take } from '../../api/client';
import { Button, DialogActions, Notice, say, Select, TextField } from '../../design';
import { nameProblem } from './name';
import { sourceOf, sourceProblems, type SourceDraft, type SourceKind } from './source';

const KINDS = [
  { id: 'oci', label: 'OCI registry' }, { id: 'https', label: 'Archive over HTTPS' }, { id: 'path', label: 'Folder of the controller' },
];
const ADDRESSES: Record<SourceKind, { label: string; hint: string }> = {
  oci: { label: 'Reference', hint: 'registry/repository@sha256:…' },
  https: { label: 'Address', hint: 'A .tar or .tar.gz that holds the model’s folder' },
  path: { label: 'Path', hint: 'Below the folder that the controller was given with --sources' },
};

export function SourceForm({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [digest, setDigest] = useState('');
  const [draft, setDraft] = useState<SourceDraft>({ kind: 'oci', address: '', sha256: '' });
  const [tried, setTried] = useState(false);
  const problems = { ...sourceProblems(draft), ...(nameProblem(name) ? { name: nameProblem(name) } : {}) };
  const begin = useMutation({
    mutationFn: () => take(client.POST('/api/v1/imports', {
      body: { name, source: sourceOf(draft), ...(digest.trim() ? { expected_digest: digest.trim() } : {}) },
    })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['imports'] });
      onClose();
      say(`The controller fetches ${name}`);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(problems).length === 0 && !begin.isPending) begin.mutate();
  };
  const wrong = tried ? problems : {};
  return (
    <form className="stack" onSubmit={submit}>
      <TextField label="Name in the fleet" value={name} onChange={setName} error={'name' in wrong ? wrong.name : undefined} mono />
      <Select label="Source" value={draft.kind} onChange={(kind) => setDraft({ ...draft, kind: kind as SourceKind })} options={KINDS} />
      <TextField {...ADDRESSES[draft.kind]} value={draft.address} onChange={(address) => setDraft({ ...draft, address })} error={wrong.address} mono />
      {draft.kind === 'https' ? <TextField label="SHA-256 of the archive" value={draft.sha256} onChange={(sha256) => setDraft({ ...draft, sha256 })} error={wrong.sha256} mono /> : null}
      <TextField label="Model digest that it must have" hint="Optional: sha256:…; any other is refused" value={digest} onChange={setDigest} mono />
      {begin.error ? <Notice tone="bad">{begin.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isPending={begin.isPending}>Fetch and verify</Button>
      </DialogActions>
    </form>
  );
}
