import { expect, it } from 'vitest';
import { history } from '../testing/history';
import { charts, newest, times } from './history';

it('has no chart of what no agent reports, and keeps what they did not report a gap', () => {
  const titles = (of: Parameters<typeof history>[0]) => charts(history(of)).map(({ title }) => title);
  expect(titles({})).toEqual(['Tokens', 'Sequences at once, at most', 'Time to the first token', 'Inferences in 30 s', 'Memory', 'Processors busy']);
  expect(titles({ gpu_memory_total_bytes: [null, 80, 80] })).toContain('GPU memory');
  const busy = (of: Parameters<typeof history>[0]) => charts(history(of)).find(({ title }) => title === 'Processors busy')?.series;
  expect(busy({ cpu_busy_percent: [null, 12.5, 0] })).toEqual([{ name: 'CPU', area: true, values: [null, 12.5, 0] }]);
  expect(busy({ gpu_busy_percent: [null, null, 70] })?.map(({ name }) => name)).toEqual(['CPU', 'GPUs']);
});

it('says when each figure begins', () => {
  const along = times(history({ start: '2026-11-30T09:00:00Z', step_s: 180 }));
  expect(along.at).toEqual([0, 180, 360].map((later) => Date.UTC(2026, 10, 30, 9) / 1000 + later));
});

it('takes a figure for the present one only if it is from just now', () => {
  expect(newest([1, 2, null])).toBe(2);
  expect(newest([5, null, null, null])).toBeUndefined();
  expect(newest([null, 0])).toBe(0);
  expect(newest([])).toBeUndefined();
});

it('writes figures with their unit', () => {
  const written = (title: string, value: number) => charts(history({})).find((chart) => chart.title === title)?.unit.format(value);
  expect(written('Tokens', 12.34)).toBe('12.3/s');
  expect(written('Tokens', 0.05)).toBe('0.05/s');
  expect(written('Time to the first token', 850)).toBe('850 ms');
  expect(written('Time to the first token', 2500)).toBe('2.5 s');
  expect(written('Processors busy', 33.33)).toBe('33.3 %');
  expect(written('Memory', 3 * 1024 ** 3)).toBe('3.0 GiB');
});
