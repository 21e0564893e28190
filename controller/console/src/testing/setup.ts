import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';
import { signOut } from '../api/session';
import { controller } from './controller';

// Waits are for conditions; this is only when to give up, and a busy machine is no reason to.
configure({ asyncUtilTimeout: 10_000 });
afterEach(async () => {
  cleanup();
  if (typeof document === 'undefined') return;
  // Nobody of one test is still there in the next.
  controller({ 'DELETE /api/v1/session': { status: 401 } });
  await signOut();
});
