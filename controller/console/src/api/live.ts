import { QueryClient } from '@tanstack/react-query';
import { isLost, onRecovery } from './connection';
import { Problem } from './errors';

// The one place that decides when what is shown is read again.
const POLL_MS = 2000;

const isDenied = (error: unknown): boolean => error instanceof Problem && error.status === 403;

/** For queries of things that change by themselves. While nobody answers, only the probe asks; what was denied is
    not asked again by itself, because every denied call is on record. */
export const live = {
  refetchInterval: (query?: { state: { error: Error | null } }) => (isLost() || isDenied(query?.state.error) ? false : POLL_MS),
  staleTime: POLL_MS / 2,
} as const;

/** How often something new is measured is half a minute: asking much more often shows the same. */
const SLOW_POLL_MS = 10_000;

/** For queries of what is measured now and then. */
export const measured = {
  refetchInterval: (query?: { state: { error: Error | null } }) => live.refetchInterval(query) && SLOW_POLL_MS,
  staleTime: SLOW_POLL_MS / 2,
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
