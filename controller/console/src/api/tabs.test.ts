import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Listener } from './eventStream';

const HELLO = 'event: hello\ndata: {"controller_id":"01A","started_at":"2026-11-30T07:00:00Z"}\n\n';
const changed = (topic: string) => `event: changed\ndata: {"topics":["${topic}"]}\n\n`;

/** Streams that were opened; each can be written to. */
let opened: { write: (text: string) => void; signal: AbortSignal }[];

beforeEach(() => {
  opened = [];
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    let out!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (controller) => { out = controller; } });
    const signal = init.signal!;
    signal.addEventListener('abort', () => { try { out.error(signal.reason); } catch { /* it is closed */ } });
    opened.push({ write: (text) => out.enqueue(new TextEncoder().encode(text)), signal });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  });
});
afterEach(() => { vi.unstubAllGlobals(); vi.resetModules(); });

/** The locks of one browser, as far as they matter here: one has it, the others wait in order. */
function locks() {
  let last: Promise<unknown> = Promise.resolve();
  const request = (_: string, { signal }: { signal: AbortSignal }, work: () => Promise<void>) => {
    const turn = last.then(() => (signal.aborted ? undefined : work()));
    last = turn.catch(() => undefined);
    return turn;
  };
  return { request };
}

async function tab() {
  const { listen } = await import('./tabs');
  const heard: string[] = [];
  const stop = new AbortController();
  const listener: Listener = {
    hello: ({ controller_id: id }) => void heard.push(`hello ${id}`),
    changed: (topics) => void heard.push(topics.join()),
    down: () => void heard.push('down'),
  };
  listen(stop.signal, listener);
  return { heard, close: () => stop.abort() };
}

it('opens one stream for all tabs, and another one when the tab with the stream closes', async () => {
  vi.stubGlobal('navigator', { locks: locks() });
  const first = await tab();
  await vi.waitFor(() => expect(opened).toHaveLength(1));
  opened[0]!.write(HELLO);
  await vi.waitFor(() => expect(first.heard).toEqual(['hello 01A']));
  // One that comes later is told who tells; the others are not disturbed by it.
  const second = await tab();
  await vi.waitFor(() => expect(second.heard).toEqual(['hello 01A']));
  opened[0]!.write(changed('nodes'));
  await vi.waitFor(() => expect([first.heard, second.heard]).toEqual([['hello 01A', 'nodes'], ['hello 01A', 'nodes']]));
  expect(opened).toHaveLength(1);

  first.close();
  await vi.waitFor(() => expect(opened).toHaveLength(2));
  expect(opened[0]!.signal.aborted).toBe(true);
  opened[1]!.write(HELLO + changed('keys'));
  await vi.waitFor(() => expect(second.heard).toEqual(['hello 01A', 'nodes', 'down', 'hello 01A', 'keys']));
  expect(first.heard).toEqual(['hello 01A', 'nodes']);
  second.close();
});

it('has a stream of its own where tabs cannot agree, while somebody looks', async () => {
  vi.stubGlobal('navigator', {});
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(false);
  const only = await tab();
  await vi.waitFor(() => expect(opened).toHaveLength(1));
  opened[0]!.write(HELLO);
  await vi.waitFor(() => expect(only.heard).toEqual(['hello 01A']));
  hidden.mockReturnValue(true);
  document.dispatchEvent(new Event('visibilitychange'));
  await vi.waitFor(() => expect(only.heard).toEqual(['hello 01A', 'down']));
  expect(opened[0]!.signal.aborted).toBe(true);
  hidden.mockReturnValue(false);
  document.dispatchEvent(new Event('visibilitychange'));
  await vi.waitFor(() => expect(opened).toHaveLength(2));
  only.close();
  hidden.mockRestore();
});
