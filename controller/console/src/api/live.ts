import { QueryClient, type Query } from '@tanstack/react-query';
import { isLost, onRecovery } from './connection';
import { Problem } from './errors';
import type { Hello, Listener, Topic } from './eventStream';
import { checkSession, mayAsk, onSessionChange } from './session';
import { listen } from './tabs';
import { isTold, setTold } from './told';

// The one place that decides when what is shown is read again.
const POLL_MS = 2000;
/** What is told of within so long is read again in one go. */
const ROUND_MS = 200;

const isDenied = (error: unknown): boolean => error instanceof Problem && error.status === 403;

type Asked = { state: { error: Error | null } };

/** For queries of things that change by themselves and of which nothing is told. While nobody answers, only the probe
    asks; what was denied is not asked again by itself, because every denied call is on record. */
export const live = {
  refetchInterval: (query?: Asked) => (isLost() || isDenied(query?.state.error) ? false : POLL_MS),
  staleTime: POLL_MS / 2,
} as const;

/** How often something new is measured is half a minute: asking much more often shows the same. */
const SLOW_POLL_MS = 10_000;

/** For queries of what is measured now and then. */
export const measured = {
  refetchInterval: (query?: { state: { error: Error | null } }) => live.refetchInterval(query) && SLOW_POLL_MS,
  staleTime: SLOW_POLL_MS / 2,
} as const;

/** For queries of things that change by themselves: read again when one of these topics is told, and every two seconds
    while the controller cannot tell. */
export const liveBy = (...topics: Topic[]) => ({
  ...live,
  refetchInterval: (query?: Asked) => (isTold() ? false : live.refetchInterval(query)),
  meta: { topics },
});

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

/** From now on the controller tells what changes, as long as somebody is signed in. */
export function startLive(queries: QueryClient): void {
  const reading = rereading(queries);
  let running: AbortController | undefined;
  const stop = () => {
    running?.abort();
    running = undefined;
    setTold(false);
  };
  const settle = () => {
    if (!mayAsk()) return stop();
    if (running) return;
    running = new AbortController();
    listen(running.signal, reading);
  };
  onSessionChange(settle);
  settle();
}

/** Reads again what is told of. */
export function rereading(queries: QueryClient): Listener {
  const waiting = new Set<Topic>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let teller: Hello | undefined;
  const soon = () => {
    if (waiting.size > 0) timer ??= setTimeout(round, ROUND_MS);
  };
  const round = () => {
    timer = undefined;
    // What was missed till then is read when that is over.
    if (!isTold() || isLost()) return;
    const topics = new Set(waiting);
    waiting.clear();
    // An answer that is under way may be from before the change: those are asked for again when it is there.
    for (const query of queries.getQueryCache().findAll({ type: 'active', predicate: (one) => isOf(one, topics) && isUnderWay(one) })) {
      for (const topic of topicsOf(query)) if (topics.has(topic)) waiting.add(topic);
    }
    readAgain((query) => isOf(query, topics) && !isUnderWay(query));
    soon();
  };
  // A tab that nobody looks at asks for nothing; it does once it is looked at.
  const readAgain = (which: (query: Query) => boolean) => void queries.invalidateQueries({
    predicate: (query) => which(query) && !isDenied(query.state.error), refetchType: document.hidden ? 'none' : 'active',
  });
  const everything = () => readAgain((query) => topicsOf(query).length > 0);
  return {
    hello: (by) => {
      const isOther = teller !== undefined && (teller.controller_id !== by.controller_id || teller.started_at !== by.started_at);
      teller = by;
      waiting.clear();
      setTold(true);
      // With another controller, or one that was started anew, even that may differ which never changes by itself.
      if (isOther) readAgain(() => true);
      else everything();
    },
    changed: (topics) => {
      if (topics.includes('session')) void checkSession().catch(() => undefined);
      for (const topic of topics) waiting.add(topic);
      soon();
    },
    down: () => {
      if (!isTold()) return;
      setTold(false);
      // Read at once, and from then on every two seconds.
      everything();
    },
  };
}

function topicsOf(query: Query): readonly Topic[] {
  return (query.meta?.['topics'] as readonly Topic[] | undefined) ?? [];
}

const isOf = (query: Query, topics: ReadonlySet<Topic>): boolean => topicsOf(query).some((topic) => topics.has(topic));
const isUnderWay = (query: Query): boolean => query.state.fetchStatus !== 'idle';
