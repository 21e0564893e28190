// How figures are written: always with a unit, never with more digits than they carry.

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes as the command line writes them: powers of 1,024. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return '–';
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < BINARY.length - 1) {
    value /= 1024;
    unit += 1;
  }
  // 1023.97 would be written as 1024.0.
  if (unit > 0 && unit < BINARY.length - 1 && value >= 1023.95) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${BINARY[unit] ?? 'B'}`;
}

const count = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });

export const formatCount = (value: number): string => count.format(value);
export const formatShort = (value: number): string => short.format(value);

/** Seconds in the two largest units that matter: `2 h 05 min`, `3 d 4 h`, `850 ms`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(Math.floor(whole / 60), 'min', whole % 60, 's');
  if (whole < 86_400) return pair(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min');
  return pair(Math.floor(whole / 86_400), 'd', Math.floor((whole % 86_400) / 3600), 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

const STEPS: readonly [seconds: number, unit: string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** How long ago, or until when, in the largest unit. */
export function relativeTime(at: Date, now: Date): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  if (Number.isNaN(seconds)) return 'at an unknown time';
  const distance = Math.abs(seconds);
  if (distance < 5) return 'now';
  const [size, unit] = STEPS.find(([size]) => distance >= size) ?? [1, 's'];
  const text = `${Math.floor(distance / size)} ${unit}`;
  return seconds < 0 ? `${text} ago` : `in ${text}`;
}

const exact = new Intl.DateTimeFormat('en-GB', {
  year: 'numeric', month: 'short', day: '2-digit',
  hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short',
});

/** The exact time in the reader's zone, with its name. */
export function exactTime(at: Date): string {
  return Number.isNaN(at.getTime()) ? 'an unknown time' : exact.format(at);
}

/** Control characters, and marks that reorder or hide text. */
const MARKS = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

const spelt = (mark: string): string => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Marks that do something to text, made visible instead of obeyed. */
export const visible = (text: string): string => text.replace(MARKS, spelt);

/** The same for text of several lines, which keeps its lines and tabs. */
export const plain = (text: string): string =>
  text.replace(MARKS, (mark) => (mark === '\n' || mark === '\t' ? mark : mark === '\r' ? '' : spelt(mark)));
