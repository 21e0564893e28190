import { backoff, isLost, missed, onRecovery } from './connection';
import { readEvents, type End, type Listener } from './eventStream';
import { checkSession } from './session';

/** Where streams cannot be had, it is tried again after so long. */
const SELDOM_MS = 60_000;

/** What comes after the end of a stream: a pause, the controller's return, or nothing more with these rights. */
export type Next = { wait: 'pause'; ms: number } | { wait: 'recovery' } | { wait: 'other-rights' };

/** `attempt` counts the streams in a row that did not last. */
export function nextAfter(end: End, attempt: number, chance = Math.random()): Next {
  const seldom: Next = { wait: 'pause', ms: SELDOM_MS / 2 + (SELDOM_MS / 2) * chance };
  if (end.kind === 'unreachable') return { wait: 'recovery' };
  if (end.kind === 'held-back') return seldom;
  if (end.kind === 'over') return { wait: 'pause', ms: backoff(attempt, chance) };
  // What is denied is on record; it is not asked for again by itself.
  if (end.status === 403) return { wait: 'other-rights' };
  if (end.status === 401 || end.status >= 500) return { wait: 'pause', ms: backoff(attempt + 1, chance) };
  return end.retryAfterMs !== undefined && end.retryAfterMs > SELDOM_MS ? { wait: 'pause', ms: end.retryAfterMs } : seldom;
}

/** One stream after the other, until `signal`. */
export async function follow(signal: AbortSignal, told: Listener & { alive: () => void }): Promise<void> {
  for (let attempt = 0; !signal.aborted;) {
    const end = await readEvents(signal, told);
    if (signal.aborted) return;
    told.down();
    attempt = end.kind === 'over' && end.lasted ? 0 : attempt + 1;
    if (end.kind === 'refused' && end.status === 401) await checkSession().catch(() => undefined);
    await pass(nextAfter(end, attempt), signal);
  }
}

async function pass(next: Next, signal: AbortSignal): Promise<void> {
  if (next.wait === 'pause') return pause(next.ms, signal);
  if (next.wait === 'other-rights') return aborted(signal);
  missed();
  await new Promise<void>((resolve) => {
    if (!isLost() || signal.aborted) return resolve();
    const forget = onRecovery(() => { forget(); resolve(); });
    signal.addEventListener('abort', () => { forget(); resolve(); }, { once: true });
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = () => { clearTimeout(timer); signal.removeEventListener('abort', over); resolve(); };
    const timer = setTimeout(over, ms);
    signal.addEventListener('abort', over);
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
