import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { Checkbox, CheckboxGroup, Label } from 'react-aria-components';
import { client, take } from '../../api/client';
import { deployments } from '../../api/queries';
import { useSession } from '../../api/session';
import { Button, CopyField, Dialog, DialogActions, Notice, Select, TextField } from '../../design';
import { TenantChoice } from '../../fleet/TenantChoice';
import './access.css';

const LIFETIMES = [
  { id: '2592000', label: '30 days' }, { id: '7776000', label: '90 days' }, { id: '31536000', label: 'One year' }, { id: '0', label: 'Until it is revoked' },
];
const ROLES = [
  { id: 'inference', label: 'Ask models' }, { id: 'admin', label: 'Run the fleet', note: 'and ask models' },
];

export function CreateKey({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return <Dialog title="Create an API key" isOpen={isOpen} onClose={onClose}><KeyForm onClose={onClose} /></Dialog>;
}

function KeyForm({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<'inference' | 'admin'>('inference');
  const [tenant, setTenant] = useState('');
  const [scope, setScope] = useState<string[]>([]);
  const [lifetime, setLifetime] = useState('7776000');
  const wrong = name && !/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(name) ? 'Up to 63 small letters, digits, dots and dashes; a letter or digit at both ends' : undefined;
  const create = useMutation({
    mutationFn: () => take(client.POST('/api/v1/keys', { body: { name, role, models: role === 'admin' ? [] : scope, valid_for_s: Number(lifetime), ...(tenant ? { tenant } : {}) } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['keys'] }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name && !wrong && !create.isPending) create.mutate();
  };
  if (create.data) return <Secret name={name} secret={create.data.secret} onClose={onClose} />;
  return (
    <form className="stack" onSubmit={submit}>
      <TextField label="Name" hint="Who or what will use it" value={name} onChange={setName} error={wrong} mono autoFocus />
      <TenantChoice value={tenant} onChange={setTenant} />
      <Select label="It may" value={role} onChange={(value) => setRole(value as typeof role)} options={ROLES} />
      {role === 'inference' ? <Scope tenant={tenant} value={scope} onChange={setScope} /> : <Notice tone="warn">{tenant ? `This key may do everything with what is ${tenant}’s, also create further keys.` : 'This key may do everything, also create further keys.'}</Notice>}
      <Select label="It is valid for" value={lifetime} onChange={setLifetime} options={LIFETIMES} />
      {create.error ? <Notice tone="bad">{create.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isDisabled={!name || Boolean(wrong)} isPending={create.isPending}>Create key</Button>
      </DialogActions>
    </form>
  );
}

function Scope({ tenant, value, onChange }: { tenant: string; value: string[]; onChange: (value: string[]) => void }) {
  const own = useSession().account.tenant ?? tenant;
  const found = (useQuery(deployments).data ?? []).filter((deployment) => (deployment.tenant ?? '') === own);
  if (found.length === 0) return null;
  return (
    <CheckboxGroup className="field" value={value} onChange={onChange}>
      <Label className="field-label">Deployments that it may ask; none chosen: all</Label>
      <div className="scope">
        {found.map(({ name }) => <Checkbox key={name} value={name} className="check"><span className="check-box" aria-hidden="true" />{name}</Checkbox>)}
      </div>
    </CheckboxGroup>
  );
}

function Secret({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  return (
    <div className="stack">
      <p>The secret of <strong>{name}</strong>, sent as <code>Authorization: Bearer</code>:</p>
      <CopyField value={secret} label="the secret" block />
      <Notice tone="warn">It is shown only now. The fleet keeps a hash of it and nothing more.</Notice>
      <DialogActions><Button kind="primary" onPress={onClose}>Done</Button></DialogActions>
    </div>
  );
}
