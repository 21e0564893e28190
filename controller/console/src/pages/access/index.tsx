import { KeyRound } from 'lucide-react';
import type { Page } from '../../shell/page';

export const page: Page = {
  path: '/access', title: 'Access', icon: KeyRound, action: 'key.read', key: 'k',
  commands: [{ title: 'Create an API key', to: '/access?new', action: 'key.create' }],
  load: () => import('./view'),
};
