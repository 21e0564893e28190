import { Rocket } from 'lucide-react';
import type { Page } from '../../shell/page';

export const page: Page = {
  path: '/deployments', title: 'Deployments', icon: Rocket, action: 'deployment.read', key: 'd',
  commands: [{ title: 'New deployment', to: '/deployments?new', action: 'deployment.change' }],
  load: () => import('./view'),
};
