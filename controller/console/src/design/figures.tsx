import { useClock } from './clock';
import { exactTime, formatBytes, formatDuration, relativeTime } from './format';

/** A time, relative, with the exact one and its zone on hover. */
export function Time({ at, exact = false }: { at: string; exact?: boolean }) {
  const date = new Date(at);
  const relative = useClock((now) => relativeTime(date, now));
  const full = exactTime(date);
  return (
    <time className={exact ? undefined : 'nowrap'} dateTime={at} title={`${full} (${at})`}>
      {exact ? `${full}, ${relative}` : relative}
    </time>
  );
}

export function Bytes({ value }: { value: number }) {
  return <span className="nowrap" title={`${value.toLocaleString('en')} bytes`}>{formatBytes(value)}</span>;
}

export function Duration({ seconds }: { seconds: number }) {
  return <span className="nowrap" title={`${seconds} s`}>{formatDuration(seconds)}</span>;
}
