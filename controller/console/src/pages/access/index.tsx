import { KeyRound } from 'lucide-react';
import type { Page } from '../../shell/page';

export const page: Page = {
  path: '/access', title: 'Access', icon: KeyRound, action: 'key.read', key: 'k',
  commands: [
    { title: 'Create an API key', to: '/access/keys?new', action: 'key.create' },
    { title: 'Create an account', to: '/access/accounts?new', action: 'account.change' },
    { title: 'Create a tenant', to: '/access/tenants?new', action: 'tenant.change' },
    { title: 'Usage', to: '/access/usage', action: 'usage.read' },
    { title: 'Open sessions', to: '/access/sessions', action: 'session.read' },
  ],
  load: () => import('./view'),
};
