import { render } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { noteUse } from '../api/lastUse';
import { controller, session } from '../testing/controller';
import { useInUse } from './inUse';

beforeEach(() => { localStorage.clear(); vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals(); });

function Looking({ limitMs }: { limitMs: number }) {
  useInUse(limitMs);
  return null;
}

it('tells the controller of somebody who only looks and moves, and of nobody when nobody is there', async () => {
  const noUse: (string | null)[] = [];
  controller({ 'GET /api/v1/session': (request) => { noUse.push(request.headers.get('x-cloister-background')); return { body: session([]) }; } });
  render(<Looking limitMs={15 * 60_000} />);
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  expect(noUse).toEqual([]);
  noteUse();
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  expect(noUse).toEqual([null]);
});

it('says so often enough for a short session', async () => {
  const { calls } = controller({ 'GET /api/v1/session': { body: session([]) } });
  render(<Looking limitMs={8000} />);
  for (let seconds = 0; seconds < 12; seconds += 1) {
    await vi.advanceTimersByTimeAsync(1000);
    noteUse();
  }
  expect(calls).toHaveLength(4);
});
