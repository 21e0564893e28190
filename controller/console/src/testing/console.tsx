import { QueryClientProvider } from '@tanstack/react-query';
import { render } from '@testing-library/react';
import { MemoryRouter } from 'react-router';
import { createQueryClient } from '../api/live';
import { SessionGate } from '../shell/SessionGate';
import { Shell } from '../shell/Shell';

/** The whole console at an address. */
export function openConsole(path: string): void {
  render(
    <QueryClientProvider client={createQueryClient()}>
      <MemoryRouter initialEntries={[path]}><SessionGate><Shell /></SessionGate></MemoryRouter>
    </QueryClientProvider>,
  );
}
