import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { client, take } from '../../api/client';
import { Button, Dialog, DialogActions, Notice, say, TextField } from '../../design';

export function CreateTenant({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return <Dialog title="Create a tenant" isOpen={isOpen} onClose={onClose}><TenantForm onClose={onClose} /></Dialog>;
}

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function TenantForm({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [title, setTitle] = useState('');
  const wrong = name && !NAME.test(name) ? 'Up to 63 small letters, digits and dashes; a letter or digit at both ends' : undefined;
  const create = useMutation({
    mutationFn: () => take(client.POST('/api/v1/tenants', { body: { name, title } })),
    onSuccess: async ({ record_id: record }) => {
      await queries.invalidateQueries({ queryKey: ['tenants'] });
      onClose();
      say(`The tenant ${name} is there. Record ${record}`);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name && !wrong && !create.isPending) create.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <TextField label="Name" hint="Stands in records and cannot be changed, e.g. cardiology" value={name} onChange={setName} error={wrong} mono autoFocus />
      <TextField label="Called" hint="For people, e.g. Cardiology, house 3. Empty: the name" value={title} onChange={setTitle} />
      <Notice>Give it an account with the role fleet-admin next: within a tenant that role reaches the tenant’s own things alone.</Notice>
      {create.error ? <Notice tone="bad">{create.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isDisabled={!name || Boolean(wrong)} isPending={create.isPending}>Create tenant</Button>
      </DialogActions>
    </form>
  );
}
