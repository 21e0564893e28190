import { useEffect } from 'react';
import { leaveIdle, useSessionState } from '../api/session';
import { formatDuration } from '../design';
import { useIdle } from './idle';
import { useInUse } from './inUse';

/** A quiet word before the session ends by itself; any key or movement keeps it. */
export function IdleNotice() {
  const state = useSessionState();
  const open = state.phase === 'signed-in' && !state.interrupted;
  const idle = useIdle(open ? state.idleMs : undefined);
  useInUse(open ? state.idleMs : undefined);
  const over = idle.phase === 'over' && open;
  useEffect(() => {
    // The controller ends it too, should this call be lost.
    if (over) void leaveIdle().catch(() => undefined);
  }, [over]);
  return (
    <div className="idle" role="status">
      {idle.phase === 'notice' ? <p>Nobody seems to be here. The session ends in {formatDuration(idle.secondsLeft)}; move or press a key to stay.</p> : null}
    </div>
  );
}
