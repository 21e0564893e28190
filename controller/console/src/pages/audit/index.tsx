import { ScrollText } from 'lucide-react';
import type { Page } from '../../shell/page';

export const page: Page = {
  path: '/audit', title: 'Audit', icon: ScrollText, action: 'audit.read', key: 'a', load: () => import('./view'),
};
