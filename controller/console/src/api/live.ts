import { QueryClient } from '@tanstack/react-query';
import { isLost, onRecovery } from './connection';
import { Problem } from './errors';

// The one place that decides when what is shown is read again.
const POLL_MS = 2000;

/** For queries of things that change by themselves. While nobody answers, only the probe asks. */
export const live = {
  refetchInterval: () => (isLost() ? false : POLL_MS),
  staleTime: POLL_MS / 2,
} as const;

export function createQueryClient(): QueryClient {
  const queries = new QueryClient({
    defaultOptions: {
      queries: {
        // A refusal stays one however often it is asked; a lost connection has its own back-off.
        retry: (failures, error) => !(error instanceof Problem) && failures < 2 && !isLost(),
        networkMode: 'always',
        refetchOnWindowFocus: true,
        staleTime: POLL_MS / 2,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
  onRecovery(() => void queries.invalidateQueries());
  return queries;
}
