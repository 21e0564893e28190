// What stands at the axes and at the crosshair: decided here, drawn elsewhere.

export interface Unit {
  /** Steps between marks grow by this: 1,024 for bytes, else 10. */
  base: 10 | 1024;
  /** With the unit, and no more digits than a figure carries. */
  format: (value: number) => string;
  /** The scale does not end below this. */
  least: number;
  /** Figures are whole: there is no mark between two of them. */
  whole?: boolean;
}

const MARKS = 5;
const DECIMAL = [1, 2, 5, 10];
const BINARY = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

/** Even marks from zero to at least `highest`, at most five beside zero. */
export function marks(highest: number, { base, least, whole = false }: Unit): number[] {
  const top = Math.max(Number.isFinite(highest) ? highest : 0, least);
  const wanted = top / MARKS;
  const power = base ** Math.floor(Math.log(wanted) / Math.log(base));
  const steps = base === 10 ? DECIMAL : BINARY;
  const step = power * (steps.find((factor) => factor * power >= wanted * (1 - 1e-9)) ?? base);
  const even = whole ? Math.max(1, Math.ceil(step)) : step;
  const count = Math.max(1, Math.ceil(top / even - 1e-9));
  return Array.from({ length: count + 1 }, (_, at) => Number((at * even).toPrecision(15)));
}

export type Values = readonly (number | null)[];

/** The highest of all figures; 0 if there are none. */
export function highest(series: readonly { values: Values }[]): number {
  return series.reduce((most, { values }) => values.reduce<number>((up, value) => Math.max(up, value ?? 0), most), 0);
}

/** Figures between two gaps: a line has no length there, so they are drawn as dots. */
export function alone(values: Values): number[] {
  return values.flatMap((value, at) => (value !== null && (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null ? [at] : []));
}

/** The last place at which any of the series has a figure; -1 if none has. */
export function lastKnown(series: readonly { values: Values }[]): number {
  return series.reduce((last, { values }) => Math.max(last, values.findLastIndex((value) => value !== null)), -1);
}

/** Where a key moves the crosshair among `count` places; undefined if that key does not. */
export function moved(key: string, at: number, count: number): number | undefined {
  const page = Math.max(1, Math.round(count / 10));
  const to = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, PageDown: at - page, PageUp: at + page, Home: 0, End: count - 1 }[key];
  return to === undefined ? undefined : Math.min(count - 1, Math.max(0, to));
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** A mark at the time axis: the hour, and at the beginning of a day, or where marks are days apart, the date. */
export function timeMark(at: Date, apartSeconds: number): string {
  const beginsDay = at.getHours() === 0 && at.getMinutes() === 0;
  return apartSeconds >= 86_400 || beginsDay ? date.format(at) : clock.format(at);
}

const precise = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** A step of time, by when it began. */
export const timeOf = (seconds: number): string => precise.format(new Date(seconds * 1000));
