import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import './design';
import { createQueryClient, startLive } from './api/live';
import { pages } from './pages';
import { applyTheme } from './shell/theme';
import { SessionGate } from './shell/SessionGate';
import { Shell } from './shell/Shell';
import { expectView } from './shell/views';

applyTheme();
// The page is fetched while the session is asked for, not after.
const address = location.pathname.replace(/^\/console/, '') || '/';
const first = pages.find(({ path }) => (path === '/' ? address === '/' : address.startsWith(path)));
if (first) expectView(first);
const queries = createQueryClient();
startLive(queries);
const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element with the id root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <BrowserRouter basename="/console">
        <SessionGate><Shell /></SessionGate>
      </BrowserRouter>
    </QueryClientProvider>
  </StrictMode>,
);
