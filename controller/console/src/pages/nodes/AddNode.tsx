import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { client, take } from '../../api/client';
import { Button, CopyField, Dialog, DialogActions, Notice, Select, TextField, Time } from '../../design';
import { joinCommand, joinProblems } from './joinCommand';

const LIFETIMES = [
  { id: '3600', label: 'One hour' }, { id: '28800', label: 'Eight hours' }, { id: '86400', label: 'One day' }, { id: '604800', label: 'One week' },
];

export function AddNode({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return <Dialog title="Add a node" isOpen={isOpen} onClose={onClose} size="wide"><AddNodeForm onClose={onClose} /></Dialog>;
}

function AddNodeForm({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [jurisdiction, setJurisdiction] = useState('');
  const [region, setRegion] = useState('');
  const [lifetime, setLifetime] = useState('3600');
  const problems = joinProblems({ name, jurisdiction });
  const create = useMutation({
    mutationFn: () => take(client.POST('/api/v1/nodes/join-tokens', { body: { valid_for_s: Number(lifetime) } })),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (Object.keys(problems).length === 0 && !create.isPending) create.mutate();
  };
  if (create.data) {
    return <TokenShown command={joinCommand({ token: create.data.token, name, jurisdiction, region })} expiresAt={create.data.expires_at} onClose={onClose} />;
  }
  return (
    <form className="stack" onSubmit={submit}>
      <p className="soft">A token admits one machine, once. It carries the controller’s address and certificate authority, so nothing else has to be brought there.</p>
      <TextField label="Name of the node" hint="Empty: the machine’s own name" value={name} onChange={setName} error={problems.name} mono autoFocus />
      <div className="form-pair">
        <TextField label="Jurisdiction" hint="Where it stands, e.g. DE-HE. Deployments can be bound to it" value={jurisdiction} onChange={setJurisdiction} error={problems.jurisdiction} mono />
        <TextField label="Region" hint="Optional, in your own words" value={region} onChange={setRegion} />
      </div>
      <Select label="The token is valid for" value={lifetime} onChange={setLifetime} options={LIFETIMES} />
      {create.error ? <Notice tone="bad">{create.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isPending={create.isPending}>Create token</Button>
      </DialogActions>
    </form>
  );
}

function TokenShown({ command, expiresAt, onClose }: { command: string; expiresAt: string; onClose: () => void }) {
  return (
    <div className="stack">
      <p>Run this on the new machine, where <code>cloister-agent</code> is installed:</p>
      <CopyField value={command} label="the command" block />
      <Notice tone="warn">The token in it is shown only now. It works once and expires <Time at={expiresAt} />.</Notice>
      <p className="soft">The node appears in the list as soon as its agent has enrolled.</p>
      <DialogActions><Button kind="primary" onPress={onClose}>Done</Button></DialogActions>
    </div>
  );
}
