import { describe, expect, it } from 'vitest';
import { formatBytes } from '../format';
import { alone, highest, lastKnown, marks, moved, timeMark } from './scale';

const GIB = 1024 ** 3;
const bytes = { base: 1024, format: formatBytes, least: 1024 } as const;
const plain = { base: 10, format: String, least: 0.1 } as const;

describe('marks', () => {
  it.each([
    [0, plain, [0, 0.02, 0.04, 0.06, 0.08, 0.1]],
    [7, plain, [0, 2, 4, 6, 8]],
    [10, plain, [0, 2, 4, 6, 8, 10]],
    [101, plain, [0, 50, 100, 150]],
    [Number.NaN, { ...plain, least: 1 }, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [100, { ...plain, least: 100 }, [0, 20, 40, 60, 80, 100]],
    [2, { ...plain, least: 1, whole: true }, [0, 1, 2]],
    [9, { ...plain, least: 1, whole: true }, [0, 2, 4, 6, 8, 10]],
    [7.6 * GIB, bytes, [0, 2 * GIB, 4 * GIB, 6 * GIB, 8 * GIB]],
    [500 * GIB, bytes, [0, 128 * GIB, 256 * GIB, 384 * GIB, 512 * GIB]],
    [3000 * GIB, bytes, [0, 1024 * GIB, 2048 * GIB, 3072 * GIB]],
    [0, bytes, [0, 256, 512, 768, 1024]],
  ])('up to %d', (most, unit, wanted) => expect(marks(most, unit)).toEqual(wanted));

  it('never end below the highest figure, and are never many', () => {
    for (let power = -3; power < 15; power += 1) {
      for (const digit of [1, 1.7, 3.3, 5, 9.99]) {
        for (const unit of [plain, bytes]) {
          const all = marks(digit * 10 ** power, unit);
          expect(all.at(-1)).toBeGreaterThanOrEqual(digit * 10 ** power);
          expect(all.length).toBeLessThanOrEqual(6);
        }
      }
    }
  });
});

describe('gaps', () => {
  it('leave what stands alone to be drawn as a dot', () => {
    expect(alone([1, null, 0, null, 3, 4, null, 5])).toEqual([0, 2, 7]);
    expect(alone([])).toEqual([]);
    expect(alone([null, null])).toEqual([]);
  });

  it('are no figures', () => {
    expect(highest([{ values: [null, 2] }, { values: [null, null] }])).toBe(2);
    expect(highest([])).toBe(0);
    expect(lastKnown([{ values: [1, null, null] }, { values: [null, 0, null] }])).toBe(1);
    expect(lastKnown([{ values: [null] }])).toBe(-1);
  });
});

it('keys move the crosshair within what there is', () => {
  const from = (key: string) => moved(key, 50, 120);
  expect(['ArrowLeft', 'ArrowRight', 'Home', 'End', 'PageUp', 'PageDown'].map(from)).toEqual([49, 51, 0, 119, 62, 38]);
  expect(moved('ArrowRight', 119, 120)).toBe(119);
  expect(moved('ArrowLeft', 0, 120)).toBe(0);
  expect(moved('a', 5, 120)).toBeUndefined();
});

it('the time axis names the day where one begins', () => {
  expect(timeMark(new Date(2026, 10, 30, 9, 5), 300)).toBe('09:05');
  expect(timeMark(new Date(2026, 10, 30, 0, 0), 3600)).toBe('30 Nov');
  expect(timeMark(new Date(2026, 10, 30, 12, 0), 86_400)).toBe('30 Nov');
});
