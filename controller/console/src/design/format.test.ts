import { describe, expect, it } from 'vitest';
import { exactTime, formatBytes, formatDuration, relativeTime, visible } from './format';

describe('bytes', () => {
  it.each([
    [0, '0 B'], [1023, '1023 B'], [1024, '1.0 KiB'], [98_362_432, '93.8 MiB'], [25_276_502_016, '23.5 GiB'],
    [1024 ** 2 - 1, '1.0 MiB'], [Number.NaN, '–'], [-1, '–'],
  ])('%d is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

describe('durations', () => {
  it.each([
    [0.85, '850 ms'], [1, '1 s'], [9.94, '9.9 s'], [59.4, '59 s'], [59.7, '1 min'], [3600, '1 h'], [7500, '2 h 5 min'], [90_000, '1 d 1 h'],
  ])('%d s is %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

describe('relative times', () => {
  const now = new Date('2026-11-30T12:00:00Z');
  it.each([
    ['2026-11-30T11:59:58Z', 'now'], ['2026-11-30T11:59:30Z', '30 s ago'], ['2026-11-30T12:01:30Z', 'in 1 min'],
    ['2026-11-29T12:00:01Z', '23 h ago'], ['2026-12-03T12:00:00Z', 'in 3 d'], ['not a time', 'at an unknown time'],
  ])('%s is %s', (at, text) => expect(relativeTime(new Date(at), now)).toBe(text));

  it('names the zone of the exact one', () => {
    expect(exactTime(new Date('2026-11-30T12:00:00Z'))).toMatch(/2026.*\d\d:\d\d:\d\d \S+/);
  });
});

it('shows control characters and reordering marks instead of obeying them', () => {
  expect(visible('a\u0000b\u202ec')).toBe('a\\u0000b\\u202ec');
});
