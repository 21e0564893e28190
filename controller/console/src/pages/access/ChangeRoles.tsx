import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { client, take } from '../../api/client';
import { Button, Dialog, DialogActions, Notice, say } from '../../design';
import type { Account, Role } from './queries';
import { RoleChoice } from './RoleChoice';
import { difference } from './roles';

export function ChangeRoles({ account, onClose }: { account: Account; onClose: () => void }) {
  const queries = useQueryClient();
  const [roles, setRoles] = useState<Role[]>(account.roles);
  const { adds, takes } = difference(account.roles, roles);
  const isSame = [...roles].sort().join() === [...account.roles].sort().join();
  const change = useMutation({
    mutationFn: () => take(client.PUT('/api/v1/accounts/{account}/roles', { params: { path: { account: account.id } }, body: { roles } })),
    onSuccess: async ({ record_id: record }) => {
      await queries.invalidateQueries({ queryKey: ['accounts'] });
      onClose();
      say(`${account.name} is now ${roles.join(', ')}. Record ${record}`);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (roles.length > 0 && !isSame && !change.isPending) change.mutate();
  };
  return (
    <Dialog title={`Roles of ${account.name}`} size="wide" isOpen onClose={onClose}>
      <form className="stack" onSubmit={submit}>
        <RoleChoice value={roles} onChange={setRoles} />
        <div aria-live="polite" className="stack-close">
          <Actions title="It will also be able to" of={adds} />
          <Actions title="It will no longer be able to" of={takes} />
          {roles.length === 0 ? <Notice>An account has at least one role. To keep somebody out, disable the account.</Notice> : null}
          {!isSame && adds.length + takes.length === 0 && roles.length > 0 ? <p className="soft">What it may do stays the same.</p> : null}
        </div>
        {change.error ? <Notice tone="bad">{change.error.message}</Notice> : null}
        <DialogActions>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isDisabled={isSame || roles.length === 0} isPending={change.isPending}>Save roles</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function Actions({ title, of: actions }: { title: string; of: readonly string[] }) {
  if (actions.length === 0) return null;
  return <div><p className="small">{title}</p><p>{actions.map((action) => <code key={action} className="label">{action}</code>)}</p></div>;
}
