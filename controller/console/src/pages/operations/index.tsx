import { Wrench } from 'lucide-react';
import type { Page } from '../../shell/page';

export const page: Page = {
  path: '/operations', title: 'Operations', icon: Wrench, action: 'fleet.read', key: 'o', load: () => import('./view'),
};
