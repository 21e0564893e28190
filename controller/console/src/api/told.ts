import { useSyncExternalStore } from 'react';

// Whether the controller tells what changes. While it does not, what is shown is asked for every few seconds.
let told = false;
const listeners = new Set<() => void>();

export const isTold = (): boolean => told;

export function setTold(now: boolean): void {
  if (told === now) return;
  told = now;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTold(): boolean {
  return useSyncExternalStore(subscribe, isTold);
}
