import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Listener } from './eventStream';
import { follow, nextAfter } from './follow';

const HELLO = 'event: hello\nid: 1\ndata: {"controller_id":"01A","started_at":"2026-11-30T07:00:00Z"}\n\n';
const CHANGED = 'event: changed\nid: 2\ndata: {"topics":["nodes","status"]}\n\n';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals(); });

/** Streams that the test writes, one for each time that one is asked for. */
function streams() {
  const opened: { write: (text: string) => void; close: () => void; signal: AbortSignal }[] = [];
  const others: string[] = [];
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    if (path !== '/api/v1/events') {
      others.push(path);
      return new Response('{}', { headers: { 'content-type': 'application/json' } });
    }
    let out!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => { out = controller; } });
    const signal = init.signal!;
    signal.addEventListener('abort', () => { try { out.error(signal.reason); } catch { /* it is closed */ } });
    opened.push({ write: (text) => out.enqueue(new TextEncoder().encode(text)), close: () => out.close(), signal });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  });
  return { opened, others };
}

function ear(): Listener & { alive: () => void; heard: string[] } {
  const heard: string[] = [];
  return {
    heard, alive: () => undefined,
    hello: ({ controller_id: id }) => void heard.push(`hello ${id}`),
    changed: (topics) => void heard.push(topics.join()),
    down: () => void heard.push('down'),
  };
}

it('tells what comes, and opens the next stream soon after one that lasted', async () => {
  const { opened } = streams();
  const told = ear();
  const stop = new AbortController();
  const over = follow(stop.signal, told);
  await vi.advanceTimersByTimeAsync(0);
  opened[0]!.write(HELLO);
  opened[0]!.write(CHANGED.slice(0, 20));
  opened[0]!.write(`${CHANGED.slice(20)}: keep-alive\n\n`);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told.heard).toEqual(['hello 01A', 'nodes,status']);
  opened[0]!.close();
  await vi.advanceTimersByTimeAsync(500);
  expect(told.heard.at(-1)).toBe('down');
  expect(opened).toHaveLength(2);
  stop.abort();
  await over;
  expect(opened[1]!.signal.aborted).toBe(true);
});

it('takes silence for the end of a stream', async () => {
  const { opened } = streams();
  const told = ear();
  const stop = new AbortController();
  void follow(stop.signal, told);
  await vi.advanceTimersByTimeAsync(0);
  opened[0]!.write(HELLO);
  for (let heartbeats = 0; heartbeats < 4; heartbeats += 1) {
    await vi.advanceTimersByTimeAsync(10_000);
    opened[0]!.write(': keep-alive\n\n');
  }
  expect(told.heard).toEqual(['hello 01A']);
  await vi.advanceTimersByTimeAsync(26_000);
  expect(told.heard).toEqual(['hello 01A', 'down']);
  expect(opened[0]!.signal.aborted).toBe(true);
  stop.abort();
});

it('asks seldom where something in between keeps a stream back', async () => {
  const { opened } = streams();
  const told = ear();
  const stop = new AbortController();
  void follow(stop.signal, told);
  await vi.advanceTimersByTimeAsync(9_000);
  expect(told.heard).toEqual(['down']);
  await vi.advanceTimersByTimeAsync(25_000);
  expect(opened).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(opened.length).toBeGreaterThan(1);
  stop.abort();
});

it('waits longer the more streams break at once, and for other rights after a refusal', () => {
  const broken = { kind: 'over', lasted: false } as const;
  const pauses = [0, 1, 2, 3, 9].map((attempt) => nextAfter(broken, attempt, 1));
  expect(pauses).toEqual([500, 1000, 2000, 4000, 15_000].map((ms) => ({ wait: 'pause', ms })));
  expect(nextAfter(broken, 9, 0)).toEqual({ wait: 'pause', ms: 7500 });
  const refused = (status: number, retryAfterMs?: number) => nextAfter({ kind: 'refused', status, retryAfterMs }, 1, 1);
  expect(refused(403)).toEqual({ wait: 'other-rights' });
  expect(refused(429, 2000)).toEqual({ wait: 'pause', ms: 60_000 });
  expect(refused(429, 120_000)).toEqual({ wait: 'pause', ms: 120_000 });
  expect(refused(404)).toEqual({ wait: 'pause', ms: 60_000 });
  expect(refused(503)).toEqual({ wait: 'pause', ms: 2000 });
  expect(nextAfter({ kind: 'unreachable' }, 1, 1)).toEqual({ wait: 'recovery' });
});
