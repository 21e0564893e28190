import { Boxes } from 'lucide-react';
import type { Page } from '../../shell/page';

export const page: Page = {
  path: '/models', title: 'Models', icon: Boxes, action: 'model.read', key: 'm',
  commands: [
    { title: 'Import a model', to: '/models?import', action: 'model.import' },
    { title: 'Trust a signer', to: '/models?trust', action: 'signer.trust' },
  ],
  load: () => import('./view'),
};
