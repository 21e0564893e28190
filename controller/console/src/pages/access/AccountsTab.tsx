import { useQuery } from '@tanstack/react-query';
import { MoreHorizontal, Plus } from 'lucide-react';
import { useSearchParams } from 'react-router';
import { issuerOf } from '../../api/providers';
import { useMay, useSession } from '../../api/session';
import { Badge, Button, DataTable, EmptyState, ErrorState, Menu, Section, Skeleton, Time, useClock, type Column } from '../../design';
import { CreateAccount } from './CreateAccount';
import { ChangeRoles } from './ChangeRoles';
import { DisableAccount } from './DisableAccount';
import { MakeLink } from './MakeLink';
import { ResetSecondFactor } from './ResetSecondFactor';
import { accounts, type Account } from './queries';

const TASKS = ['roles', 'link', 'second-factor', 'disable'] as const;
type Task = (typeof TASKS)[number];

/** What is being done, and with whom, is part of the address. */
function useTask() {
  const [address, setAddress] = useSearchParams();
  const task = TASKS.find((name) => address.has(name));
  const close = () => setAddress({}, { replace: true });
  return { task, name: task ? address.get(task) : undefined, isNew: address.has('new'), open: (wanted: Task | 'new', name = '') => setAddress({ [wanted]: name }), close };
}

export function AccountsTab() {
  const query = useQuery(accounts);
  const may = useMay()('account.change');
  const { task, name, isNew, open, close } = useTask();
  const chosen = query.data?.find((account) => account.name === name);
  const create = may ? <Button kind="primary" icon={<Plus />} onPress={() => open('new')}>Create an account</Button> : null;
  return (
    <Section title="Accounts" note="people; programs use API keys" actions={create}>
      {query.data === undefined
        ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={3} />
        : query.data.length === 0
          ? <EmptyState title="No account yet" action={create}>Everybody who uses this console has one of their own.</EmptyState>
          : <DataTable label="Accounts" rows={query.data} columns={columns(may ? open : undefined, query.data.some(({ tenant }) => tenant != null))} rowKey={({ id }) => id} initialSort={{ column: 'name', descending: false }} />}
      <CreateAccount isOpen={may && isNew} onClose={close} />
      {may && chosen && task === 'roles' ? <ChangeRoles key={chosen.id} account={chosen} onClose={close} /> : null}
      {may && chosen && task === 'link' ? <MakeLink key={chosen.id} account={chosen} onClose={close} /> : null}
      {may && chosen && task === 'second-factor' ? <ResetSecondFactor key={chosen.id} account={chosen} onClose={close} /> : null}
      {may && chosen && task === 'disable' ? <DisableAccount key={chosen.id} account={chosen} onClose={close} /> : null}
    </Section>
  );
}

function columns(open: ((task: Task, name: string) => void) | undefined, hasTenants: boolean): Column<Account>[] {
  const tenant: Column<Account> = { id: 'tenant', title: 'Tenant', wideOnly: true, sort: (account) => account.tenant ?? undefined, cell: (account) => account.tenant ?? <span className="soft">the fleet</span> };
  const actions: Column<Account> = {
    id: 'actions', title: 'Actions', align: 'end', cell: (account) => (account.disabled_at == null && open ? <Actions of={account} open={open} /> : null),
  };
  return [
    { id: 'name', title: 'Name', sort: ({ name }) => name, cell: ({ name }) => <strong className="wrap">{name}</strong> },
    { id: 'state', title: 'State', cell: (account) => <AccountState of={account} /> },
    { id: 'roles', title: 'Roles', sort: ({ roles }) => roles.join(), cell: ({ roles }) => roles.join(', ') },
    ...(hasTenants ? [tenant] : []),
    { id: 'issuer', title: 'Identity provider', wideOnly: true, sort: ({ issuer }) => issuer ?? undefined, cell: ({ issuer }) => (issuer ? <span className="wrap">{issuer}</span> : <span className="soft">none: local account</span>) },
    { id: 'password', title: 'Password', wideOnly: true, cell: (account) => <Password of={account} /> },
    { id: 'second-factor', title: 'Second factor', wideOnly: true, sort: ({ second_factor_at: at }) => at ?? undefined, cell: (account) => <SecondFactor of={account} /> },
    { id: 'created', title: 'Created', wideOnly: true, sort: (account) => account.created_at, cell: (account) => <Time at={account.created_at} /> },
    ...(open ? [actions] : []),
  ];
}

function Password({ of: account }: { of: Account }) {
  if (account.disabled_at != null) return null;
  if (account.issuer != null) return <span className="soft">none here</span>;
  return account.has_password ? 'chosen' : <span className="soft">none yet: by login link only</span>;
}

function SecondFactor({ of: account }: { of: Account }) {
  if (account.disabled_at != null) return null;
  if (account.issuer != null) return <span className="soft">none here</span>;
  return account.second_factor_at == null ? <span className="soft">none</span> : <>set up <Time at={account.second_factor_at} /></>;
}

function Actions({ of: account, open }: { of: Account; open: (task: Task, name: string) => void }) {
  const isOwn = useSession().account.id === account.id;
  const choices = [
    // The provider says who somebody is, and by the groups what they may do.
    ...(issuerOf(account.name) ? [] : [
      { id: 'roles', label: 'Change roles', onAction: () => open('roles', account.name) },
      { id: 'link', label: 'Make a login link', onAction: () => open('link', account.name) },
    ]),
    // One's own is removed in the menu of one's account, with a code.
    ...(account.second_factor_at == null || isOwn ? [] : [
      { id: 'second-factor', label: 'Reset the second factor', onAction: () => open('second-factor', account.name) },
    ]),
    { id: 'disable', label: 'Disable', onAction: () => open('disable', account.name) },
  ];
  return <Menu label={`Actions on ${account.name}`} choices={choices}><Button kind="ghost" aria-label={`Actions on ${account.name}`} icon={<MoreHorizontal />} /></Menu>;
}

function AccountState({ of: account }: { of: Account }) {
  const isLocked = useClock((now) => account.locked_until != null && new Date(account.locked_until) > now);
  if (account.disabled_at != null) return <Badge tone="off">disabled</Badge>;
  return isLocked && account.locked_until ? <Badge tone="warn">locked, opens <Time at={account.locked_until} /></Badge> : <Badge tone="ok">may sign in</Badge>;
}
