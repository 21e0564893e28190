import { LayoutDashboard } from 'lucide-react';
import type { Page } from '../../shell/page';

export const page: Page = {
  path: '/', title: 'Fleet', icon: LayoutDashboard, action: 'fleet.read', key: 'f', load: () => import('./view'),
};
