import { MessageSquareText } from 'lucide-react';
import type { Page } from '../../shell/page';

export const page: Page = {
  path: '/playground', title: 'Playground', icon: MessageSquareText, action: 'inference.ask', key: 'p', isHome: true,
  commands: [{ title: 'Ask a model', to: '/playground', action: 'inference.ask' }],
  load: () => import('./view'),
};
