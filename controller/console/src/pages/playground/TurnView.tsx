import { memo, useState } from 'react';
import { Button, formatDuration, Notice, plain } from '../../design';
import { AnswerRecord } from './AnswerRecord';
import { speedOf, type Turn } from './turn';

export const TurnView = memo(function TurnView({ turn, deployment }: { turn: Turn; deployment: string }) {
  const { answer, phase } = turn;
  return (
    <li className="turn">
      <p className="question"><span className="unseen">You asked: </span>{plain(turn.question)}</p>
      <div className="answer" data-phase={phase}>
        <span className="unseen">{deployment} answered: </span>
        {answer.map((part, at) => <Part key={at} text={part} isBlock={isBlock(answer, at)} />)}
        {phase === 'waiting' || phase === 'answering' ? <span className="caret" aria-hidden="true" /> : null}
      </div>
      {phase === 'failed' ? <Notice tone="bad">{turn.error}</Notice> : null}
      <Figures turn={turn} />
    </li>
  );
});

/** As text, never as markup. Parts that are complete are not drawn again; those of whole lines not even laid out. */
const Part = memo(function Part({ text, isBlock: block }: { text: string; isBlock: boolean }) {
  return <span className={block ? 'answer-block' : undefined}>{plain(text)}</span>;
});

/** Whether a part holds whole lines and nothing else. The last one may still grow. */
function isBlock(parts: readonly string[], at: number): boolean {
  return at < parts.length - 1 && parts[at]!.endsWith('\n') && (at === 0 || parts[at - 1]!.endsWith('\n'));
}

const ENDS: Readonly<Record<string, string>> = { stop: 'ended by itself', length: 'ended at the limit of tokens' };

function Figures({ turn }: { turn: Turn }) {
  const [open, setOpen] = useState(false);
  const { firstS, perS } = speedOf(turn);
  const isOver = turn.phase === 'done' || turn.phase === 'stopped' || turn.phase === 'failed';
  const figures = [
    turn.phase === 'waiting' ? 'waiting for the first token' : '',
    firstS === undefined ? '' : `first token after ${formatDuration(firstS)}`,
    perS === undefined ? '' : `${perS.toFixed(1)} tokens/s`,
    turn.answerTokens === undefined ? '' : `${turn.answerTokens} tokens`,
    turn.phase === 'stopped' ? 'stopped by you' : ENDS[turn.finish ?? ''] ?? '',
  ].filter(Boolean);
  return (
    <>
      <div className="figures">
        <span className="soft small" role="status">{figures.join(' · ')}</span>
        {isOver && turn.record ? <Button kind="ghost" aria-expanded={open} onPress={() => setOpen(!open)}>{open ? 'Hide the record' : 'Show the record'}</Button> : null}
      </div>
      {open && turn.record ? <AnswerRecord requested={turn.record} closedBy={turn.closedBy} /> : null}
    </>
  );
}
