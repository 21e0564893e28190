// Reading again what is shown keeps a session busy that nobody uses. So the console itself watches whether
// somebody is at work, in this tab or another, and ends the session where the controller would.
import { useEffect, useState } from 'react';
import { lastUse, noteUse } from '../api/lastUse';

export const NOTICE_S = 60;
const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const;
/** How often signs of life are written down, and looked for. */
const STEP_MS = 1000;

export type Idle = { phase: 'at-work' } | { phase: 'notice'; secondsLeft: number } | { phase: 'over' };

export function idleAfter(lastUsed: number, limitMs: number, now: number): Idle {
  const left = Math.ceil((lastUsed + limitMs - now) / 1000);
  if (left <= 0) return { phase: 'over' };
  // A session that is shorter than the notice would be one long notice.
  return left <= Math.min(NOTICE_S, limitMs / 2000) ? { phase: 'notice', secondsLeft: left } : { phase: 'at-work' };
}

/** How long nobody has been at work, as far as it matters. */
export function useIdle(limitMs: number | undefined): Idle {
  const [idle, setIdle] = useState<Idle>({ phase: 'at-work' });
  const watching = limitMs !== undefined;
  useEffect(() => {
    if (watching) noteUse();
  }, [watching]);
  useEffect(() => {
    if (limitMs === undefined) return setIdle({ phase: 'at-work' });
    let noted = Date.now();
    const note = () => {
      if (Date.now() - noted < STEP_MS) return;
      noted = Date.now();
      noteUse();
    };
    for (const sign of SIGNS) addEventListener(sign, note, { passive: true, capture: true });
    const timer = setInterval(() => setIdle(idleAfter(lastUse(), limitMs, Date.now())), STEP_MS);
    return () => {
      clearInterval(timer);
      for (const sign of SIGNS) removeEventListener(sign, note, { capture: true });
    };
  }, [limitMs]);
  return idle;
}
