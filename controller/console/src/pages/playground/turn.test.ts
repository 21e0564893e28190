import { expect, it } from 'vitest';
import { piecesOf, type Piece } from './ask';
import { answerText, messagesOf, newTurn, speedOf, withPiece, type Turn } from './turn';

const text = (content: string): Piece => ({ kind: 'text', text: content });
const after = (turn: Turn, pieces: [Piece, number][]) => pieces.reduce((now, [piece, at]) => withPiece(now, piece, at), turn);

it('reads text, end, usage and records from the chunks of an answer', () => {
  const chunks = ['{"choices":[{"delta":{"role":"assistant","content":""}}]}', '{"choices":[{"delta":{"content":"Hi"}}]}', '{"choices":[{"delta":{},"finish_reason":"stop"}]}', '{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2},"cloister":{"record":"R1","completion_record":"R2"}}'];
  expect(chunks.flatMap((chunk) => [...piecesOf(chunk)])).toEqual([text('Hi'), { kind: 'finish', reason: 'stop' }, { kind: 'closed', record: 'R2', promptTokens: 3, answerTokens: 2 }]);
});

it('throws the reason when an answer fails in its middle', () => {
  expect(() => [...piecesOf('{"error":{"message":"the replica went away"}}')]).toThrow('the replica went away');
});

it('measures from the question to the first token, and the pace after it', () => {
  const turn = after(newTurn(0, 'q', 1000), [[text('a'), 1250], [text('b'), 2250], [{ kind: 'closed', record: 'R', promptTokens: 1, answerTokens: 21 }, 2260]]);
  expect(speedOf(turn)).toEqual({ firstS: 0.25, perS: 20 });
  expect(speedOf(newTurn(0, 'q', 0))).toEqual({});
});

it('keeps a huge answer in parts, of which only the last one grows', () => {
  let turn = newTurn(0, 'q', 0);
  for (let at = 0; at < 5000; at += 1) turn = withPiece(turn, text('0123456789'), at);
  expect(answerText(turn)).toHaveLength(50_000);
  expect(turn.answer.every((part) => part.length <= 4000)).toBe(true);
  const [first] = turn.answer;
  expect(withPiece(turn, text('x'), 1).answer[0]).toBe(first);
});

it('ends a part with a line where it can, and loses nothing', () => {
  const lines = Array.from({ length: 400 }, (_, at) => `${at} a line of some length\nand half `);
  const turn = lines.reduce((now, line) => withPiece(now, text(line), 1), newTurn(0, 'q', 0));
  expect(answerText(turn)).toBe(lines.join(''));
  expect(turn.answer.length).toBeGreaterThan(4);
  expect(turn.answer.slice(0, -1).every((part) => part.endsWith('\n') && part.length <= 4000)).toBe(true);
});

it('tells the model what was said, and nothing of what got no answer', () => {
  const said = withPiece(newTurn(0, 'one', 0), text('first'), 1);
  expect(messagesOf('be brief', [said, newTurn(1, 'lost', 0)], 'two')).toEqual([
    { role: 'system', content: 'be brief' }, { role: 'user', content: 'one' }, { role: 'assistant', content: 'first' }, { role: 'user', content: 'two' },
  ]);
});
