import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import './design';
import { createQueryClient } from './api/live';
import { applyTheme } from './shell/theme';
import { SessionGate } from './shell/SessionGate';
import { Shell } from './shell/Shell';

applyTheme();
const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element with the id root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={createQueryClient()}>
      <BrowserRouter basename="/console">
        <SessionGate><Shell /></SessionGate>
      </BrowserRouter>
    </QueryClientProvider>
  </StrictMode>,
);
