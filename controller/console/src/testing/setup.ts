import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

// Waits are for conditions; this is only when to give up, and a busy machine is no reason to.
configure({ asyncUtilTimeout: 10_000 });
afterEach(cleanup);
