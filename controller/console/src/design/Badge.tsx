import { CircleAlert, CircleCheck, CircleDashed, CircleMinus, LoaderCircle, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import './Badge.css';

export type Tone = 'ok' | 'warn' | 'bad' | 'busy' | 'off' | 'none';

const MARKS = {
  ok: CircleCheck, warn: TriangleAlert, bad: CircleAlert, busy: LoaderCircle, off: CircleMinus, none: CircleDashed,
} as const;

/** A state in one word. Shape and word carry it; colour only repeats them. */
export function Badge({ tone, children }: { tone: Tone; children: ReactNode }) {
  const Mark = MARKS[tone];
  return (
    <span className={`badge badge-${tone}`}>
      <Mark aria-hidden="true" />
      {children}
    </span>
  );
}
