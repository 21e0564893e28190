import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { client, take } from '../../api/client';
import { Button, Dialog, DialogActions, Notice, TextField } from '../../design';
import { TenantChoice } from '../../fleet/TenantChoice';
import { LinkShown, makeLink } from './LinkShown';
import type { Role } from './queries';
import { RoleChoice } from './RoleChoice';

export function CreateAccount({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return <Dialog title="Create an account" size="wide" isOpen={isOpen} onClose={onClose}><AccountForm onClose={onClose} /></Dialog>;
}

const NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;

function AccountForm({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [roles, setRoles] = useState<Role[]>([]);
  const [tenant, setTenant] = useState('');
  const wrong = name && !NAME.test(name) ? 'Up to 63 small letters, digits, dots and dashes; a letter or digit at both ends' : undefined;
  const create = useMutation({
    mutationFn: () => take(client.POST('/api/v1/accounts', { body: { name, roles, ...(tenant ? { tenant } : {}) } })),
    onSuccess: () => link.mutate(),
    onSettled: () => queries.invalidateQueries({ queryKey: ['accounts'] }),
  });
  const link = useMutation({ mutationFn: () => makeLink(name) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name && !wrong && roles.length > 0 && !create.isPending) create.mutate();
  };
  if (link.data) return <LinkShown name={name} link={link.data} onClose={onClose} />;
  if (link.error) return <NoLink name={name} error={link.error} onRetry={() => link.mutate()} onClose={onClose} />;
  return (
    <form className="stack" onSubmit={submit}>
      <TextField label="Name" hint="One person, e.g. m.okafor. It stands in every record of what they do" value={name} onChange={setName} error={wrong} mono autoFocus />
      <TenantChoice value={tenant} onChange={setTenant} />
      <RoleChoice value={roles} onChange={setRoles} />
      {create.error ? <Notice tone="bad">{create.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isDisabled={!name || Boolean(wrong) || roles.length === 0} isPending={create.isPending || link.isPending}>Create account</Button>
      </DialogActions>
    </form>
  );
}

function NoLink({ name, error, onRetry, onClose }: { name: string; error: Error; onRetry: () => void; onClose: () => void }) {
  return (
    <div className="stack">
      <Notice tone="bad">The account {name} is there, but has no login link yet: {error.message}</Notice>
      <DialogActions><Button onPress={onClose}>Close</Button><Button kind="primary" onPress={onRetry}>Make the link</Button></DialogActions>
    </div>
  );
}
