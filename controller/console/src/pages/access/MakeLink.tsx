import { useMutation } from '@tanstack/react-query';
import { Button, Dialog, DialogActions, Notice } from '../../design';
import { LinkShown, makeLink } from './LinkShown';
import type { Account } from './queries';

export function MakeLink({ account, onClose }: { account: Account; onClose: () => void }) {
  const make = useMutation({ mutationFn: () => makeLink(account.id) });
  return (
    <Dialog title={`Login link for ${account.name}`} size="wide" isOpen onClose={onClose}>
      {make.data ? <LinkShown name={account.name} link={make.data} onClose={onClose} /> : (
        <div className="stack">
          <p>A link signs {account.name} in once, without a password. An earlier link of this account is void from then on. That you made it is on record.</p>
          {make.error ? <Notice tone="bad">{make.error.message}</Notice> : null}
          <DialogActions>
            <Button onPress={onClose}>Cancel</Button>
            <Button kind="primary" isPending={make.isPending} onPress={() => { if (!make.isPending) make.mutate(); }}>Make the link</Button>
          </DialogActions>
        </div>
      )}
    </Dialog>
  );
}
