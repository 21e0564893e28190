// What is shown comes without being asked for. Whoever looks at it, and moves, is at work: this is how the controller
// hears of it.
import { useEffect } from 'react';
import { lastUse } from '../api/lastUse';
import { loadSession } from '../api/session';

/** The controller writes a use down every thirty seconds, or four times within what a session lasts unused. */
const NOTED_EVERY_MS = 30_000;
/** So that each word of it is written down. */
const MORE_MS = 1000;

export function useInUse(limitMs: number | undefined): void {
  useEffect(() => {
    if (limitMs === undefined) return undefined;
    let saidAt = Date.now();
    const say = () => {
      if (document.hidden || lastUse() <= saidAt) return;
      saidAt = Date.now();
      void loadSession().catch(() => undefined);
    };
    const timer = setInterval(say, Math.min(NOTED_EVERY_MS, limitMs / 4) + MORE_MS);
    return () => clearInterval(timer);
  }, [limitMs]);
}
