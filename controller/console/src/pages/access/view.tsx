import type { ReactNode } from 'react';
import { Navigate, NavLink, Route, Routes } from 'react-router';
import { useMay, useSession } from '../../api/session';
import { DeniedState, PageHead } from '../../design';
import { AccountsTab } from './AccountsTab';
import { KeysTab } from './KeysTab';
import { RolesTab } from './RolesTab';
import { SessionsTab } from './SessionsTab';
import { TenantsTab } from './TenantsTab';
import { UsageTab } from './UsageTab';
import './access.css';

const TABS = [
  { path: 'accounts', title: 'Accounts', action: 'account.read', view: <AccountsTab /> },
  { path: 'roles', title: 'Roles', action: 'key.read', view: <RolesTab /> },
  { path: 'sessions', title: 'Open sessions', action: 'session.read', view: <SessionsTab /> },
  { path: 'keys', title: 'API keys', action: 'key.read', view: <KeysTab /> },
  { path: 'tenants', title: 'Tenants', action: 'tenant.read', view: <TenantsTab /> },
  { path: 'usage', title: 'Usage', action: 'usage.read', view: <UsageTab /> },
] as const;

export default function Access() {
  const may = useMay();
  const shown = TABS.filter(({ action }) => may(action));
  return (
    <>
      <PageHead title="Access" />
      <nav aria-label="Access" className="tab-list">
        {shown.map(({ path, title }) => <NavLink key={path} to={`/access/${path}`} className="tab tab-link">{title}</NavLink>)}
      </nav>
      <Routes>
        <Route index element={<Navigate to={shown[0]?.path ?? 'keys'} replace />} />
        {TABS.map(({ path, action, view }) => <Route key={path} path={path} element={<Permitted action={action}>{view}</Permitted>} />)}
        <Route path="*" element={<Navigate to="/access" replace />} />
      </Routes>
    </>
  );
}

function Permitted({ action, children }: { action: string; children: ReactNode }) {
  const may = useMay();
  const { account } = useSession();
  return may(action) ? children : <DeniedState action={action} who={account.name} />;
}
