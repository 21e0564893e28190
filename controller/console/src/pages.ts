// Every page, in the order of the navigation. A page is a folder below `pages` and a line here.
import { page as access } from './pages/access';
import { page as audit } from './pages/audit';
import { page as deployments } from './pages/deployments';
import { page as fleet } from './pages/fleet';
import { page as models } from './pages/models';
import { page as nodes } from './pages/nodes';
import { page as operations } from './pages/operations';
import { page as playground } from './pages/playground';
import type { Page } from './shell/page';

export const pages: readonly Page[] = [
  fleet,
  nodes,
  models,
  deployments,
  playground,
  audit,
  access,
  operations,
];
