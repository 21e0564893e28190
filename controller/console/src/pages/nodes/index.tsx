import { Server } from 'lucide-react';
import type { Page } from '../../shell/page';

export const page: Page = {
  path: '/nodes', title: 'Nodes', icon: Server, action: 'node.read', key: 'n',
  commands: [{ title: 'Add a node', to: '/nodes?add', action: 'node.admit' }],
  load: () => import('./view'),
};
