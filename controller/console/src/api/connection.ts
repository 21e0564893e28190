import { useSyncExternalStore } from 'react';

export interface Connection {
  /** When an answer was last missed; absent while all is well. */
  lostAt: Date | undefined;
  attempts: number;
}

let state: Connection = { lostAt: undefined, attempts: 0 };
const listeners = new Set<() => void>();
const recoveries = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/** Doubling pauses, with a part left to chance so that a hundred consoles do not return as one. */
export function backoff(attempt: number, chance = Math.random()): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return full / 2 + (full / 2) * chance;
}

function set(changed: Connection): void {
  state = changed;
  for (const listener of listeners) listener();
}

/** An answer came. */
export function answered(): void {
  if (!state.lostAt) return;
  clearTimeout(timer);
  timer = undefined;
  set({ lostAt: undefined, attempts: 0 });
  for (const recovered of recoveries) recovered();
}

/** No answer came: ask until one does. */
export function missed(): void {
  if (!state.lostAt) set({ lostAt: new Date(), attempts: 0 });
  timer ??= setTimeout(() => void probe(), backoff(state.attempts));
}

async function probe(): Promise<void> {
  timer = undefined;
  const reached = await fetch('/api/v1/version', { cache: 'no-store' }).then((response) => response.ok, () => false);
  if (reached) return answered();
  set({ ...state, attempts: state.attempts + 1 });
  missed();
}

/** Ask at once instead of after the pause. */
export function askNow(): void {
  clearTimeout(timer);
  void probe();
}

export function onRecovery(recovered: () => void): () => void {
  recoveries.add(recovered);
  return () => recoveries.delete(recovered);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const isLost = (): boolean => state.lostAt !== undefined;

export function useConnection(): Connection {
  return useSyncExternalStore(subscribe, () => state);
}
