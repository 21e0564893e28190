import { QueryClientProvider, useQuery } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createQueryClient, liveBy, rereading } from './live';
import { setTold } from './told';

const BY = { controller_id: '01A', started_at: '2026-11-30T07:00:00Z' };

beforeEach(() => void vi.useFakeTimers({ shouldAdvanceTime: true }));
afterEach(() => { setTold(false); vi.useRealTimers(); vi.restoreAllMocks(); });

/** A page that shows nodes and keys; how often each was asked for, and answers that wait. */
function page() {
  const queries = createQueryClient();
  const asked = { nodes: 0, keys: 0 };
  const hold: { nodes: Promise<void> | undefined } = { nodes: undefined };
  function Shown() {
    const nodes = useQuery({ queryKey: ['nodes'], queryFn: async () => { asked.nodes += 1; const answer = asked.nodes; await hold.nodes; return answer; }, ...liveBy('nodes') });
    const keys = useQuery({ queryKey: ['keys'], queryFn: () => { asked.keys += 1; return asked.keys; }, ...liveBy('keys') });
    return <p>nodes {nodes.data} keys {keys.data}</p>;
  }
  render(<QueryClientProvider client={queries}><Shown /></QueryClientProvider>);
  return { asked, hold, told: rereading(queries) };
}

it('asks every two seconds while nothing is told, and for what is told of from then on', async () => {
  const { asked, told } = page();
  await screen.findByText('nodes 1 keys 1');
  await vi.advanceTimersByTimeAsync(4200);
  expect(asked.keys).toBeGreaterThanOrEqual(2);
  told.hello(BY);
  await vi.advanceTimersByTimeAsync(10);
  const before = { ...asked };
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual(before);
  told.changed(['nodes', 'audit']);
  told.changed(['nodes']);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toEqual({ nodes: before.nodes + 1, keys: before.keys });
  told.down();
  await vi.advanceTimersByTimeAsync(4200);
  expect(asked.keys).toBeGreaterThanOrEqual(before.keys + 2);
});

it('asks once more for what changed while an answer was under way', async () => {
  const { asked, hold, told } = page();
  await screen.findByText('nodes 1 keys 1');
  told.hello(BY);
  await waitFor(() => expect(asked.nodes).toBe(2));
  let answer: () => void = () => undefined;
  hold.nodes = new Promise((resolve) => { answer = resolve; });
  told.changed(['nodes']);
  await vi.advanceTimersByTimeAsync(500);
  told.changed(['nodes']);
  await vi.advanceTimersByTimeAsync(5000);
  expect(asked.nodes).toBe(3);
  hold.nodes = undefined;
  answer();
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked.nodes).toBe(4);
  await screen.findByText('nodes 4 keys 2');
});

it('asks for nothing in a tab that nobody looks at, until somebody does', async () => {
  const { asked, told } = page();
  await screen.findByText('nodes 1 keys 1');
  told.hello(BY);
  await waitFor(() => expect(asked.nodes).toBe(2));
  const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  const hidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  window.dispatchEvent(new Event('visibilitychange'));
  told.changed(['nodes']);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked.nodes).toBe(2);
  hidden.mockReturnValue(false);
  visibility.mockReturnValue('visible');
  window.dispatchEvent(new Event('visibilitychange'));
  await waitFor(() => expect(asked.nodes).toBe(3));
});
