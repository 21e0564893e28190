import { useCallback, useEffect, useRef, useState } from 'react';
import { ask, type Question } from './ask';
import { messagesOf, newTurn, withPiece, type Turn } from './turn';

export interface Lane {
  turns: readonly Turn[];
  isBusy: boolean;
  /** Resolves to whether the question was taken. */
  send: (question: string, system: string, rest: Omit<Question, 'messages'>) => Promise<boolean>;
  stop: () => void;
  clear: () => void;
}

/** The conversation with one deployment. What arrives is shown once a frame, however fast it comes. */
export function useLane(): Lane {
  const turns = useRef<readonly Turn[]>([]);
  const running = useRef<AbortController | undefined>(undefined);
  const next = useRef(0);
  const [shown, paint] = useFrames(turns);
  useEffect(() => () => running.current?.abort(), []);

  const change = useCallback((turn: Turn) => {
    turns.current = [...turns.current.filter(({ id }) => id !== turn.id), turn];
    paint();
  }, [paint]);

  const send: Lane['send'] = useCallback(async (question, system, rest) => {
    // A question that was turned down was not asked: it stands in the field again, not here.
    const said = turns.current.filter(({ phase, record }) => phase !== 'failed' || record !== undefined);
    turns.current = said;
    const abort = new AbortController();
    running.current = abort;
    const turn = await run({ ...rest, messages: messagesOf(system, said, question) }, newTurn(next.current++, question, performance.now()), abort.signal, change);
    if (running.current === abort) running.current = undefined;
    change(turn);
    return turn.record !== undefined;
  }, [change]);

  const clear = useCallback(() => {
    turns.current = [];
    paint();
  }, [paint]);
  const stop = useCallback(() => running.current?.abort(), []);
  const phase = shown.at(-1)?.phase;
  return { turns: shown, isBusy: phase === 'waiting' || phase === 'answering', send, stop, clear };
}

/** Runs one question to its end, whichever it is. */
async function run(question: Question, begun: Turn, signal: AbortSignal, change: (turn: Turn) => void): Promise<Turn> {
  let turn = begun;
  change(turn);
  try {
    for await (const piece of ask(question, signal)) {
      turn = withPiece(turn, piece, performance.now());
      change(turn);
    }
    return { ...turn, phase: 'done' };
  } catch (reason) {
    if (signal.aborted) return { ...turn, phase: 'stopped' };
    return { ...turn, phase: 'failed', error: reason instanceof Error ? reason.message : String(reason) };
  }
}

function useFrames(turns: { readonly current: readonly Turn[] }): [readonly Turn[], () => void] {
  const [shown, setShown] = useState<readonly Turn[]>([]);
  const frame = useRef(0);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  const paint = useCallback(() => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(() => setShown(turns.current));
  }, [turns]);
  return [shown, paint];
}
