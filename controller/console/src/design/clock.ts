import { useSyncExternalStore } from 'react';

// One timer for all relative times on the page, so that they change together.
const listeners = new Set<() => void>();
let now = new Date();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = new Date();
  for (const listener of listeners) listener();
}

/** What `read` makes of the present time; renders again only when that changes. */
export function useClock<T extends string | number | boolean>(read: (now: Date) => T): T {
  return useSyncExternalStore(subscribe, () => read(timer ? now : (now = new Date())));
}
