import type { Message, Piece } from './ask';

/** One question and its answer. */
export interface Turn {
  id: number;
  question: string;
  /** In parts of bounded size, so that a long answer is not laid out anew with each token. */
  answer: readonly string[];
  phase: 'waiting' | 'answering' | 'done' | 'stopped' | 'failed';
  error?: string;
  record?: string;
  digest?: string;
  closedBy?: string;
  finish?: string;
  promptTokens?: number;
  answerTokens?: number;
  /** By this browser's clock, in milliseconds. */
  askedAt: number;
  firstAt?: number;
  lastAt?: number;
}

/** From here on a part ends with the next line; at the latest, wherever it is then. */
const PART_CHARS = 2000;
const PART_MOST = 4000;

export const newTurn = (id: number, question: string, askedAt: number): Turn => ({ id, question, answer: [], phase: 'waiting', askedAt });

/** The turn after a piece of its answer. */
export function withPiece(turn: Turn, piece: Piece, now: number): Turn {
  switch (piece.kind) {
    case 'accepted': return { ...turn, record: piece.record, digest: piece.digest };
    case 'text': return { ...turn, phase: 'answering', answer: appended(turn.answer, piece.text), firstAt: turn.firstAt ?? now, lastAt: now };
    case 'finish': return { ...turn, finish: piece.reason };
    case 'closed': return {
      ...turn, closedBy: piece.record,
      ...(piece.promptTokens === undefined ? {} : { promptTokens: piece.promptTokens }),
      ...(piece.answerTokens === undefined ? {} : { answerTokens: piece.answerTokens }),
    };
  }
}

function appended(parts: readonly string[], text: string): string[] {
  const last = parts.at(-1) ?? '';
  if (parts.length === 0 || last.length + text.length > PART_MOST) return [...parts, text];
  const lineEnd = last.length + text.length > PART_CHARS ? text.lastIndexOf('\n') + 1 : 0;
  if (lineEnd === 0) return [...parts.slice(0, -1), last + text];
  return [...parts.slice(0, -1), last + text.slice(0, lineEnd), ...(lineEnd < text.length ? [text.slice(lineEnd)] : [])];
}

export const answerText = (turn: Turn): string => turn.answer.join('');

/** What is sent so that the model knows what was said. A turn without an answer was not said. */
export function messagesOf(system: string, turns: readonly Turn[], question: string): Message[] {
  const said = turns.filter(({ answer }) => answer.length > 0).flatMap((turn): Message[] => [
    { role: 'user', content: turn.question }, { role: 'assistant', content: answerText(turn) },
  ]);
  return [...(system.trim() ? [{ role: 'system', content: system } as const] : []), ...said, { role: 'user', content: question }];
}

/** Seconds until the first token, and tokens a second after it; as far as they are known. */
export function speedOf({ askedAt, firstAt, lastAt, answerTokens }: Turn): { firstS?: number; perS?: number } {
  if (firstAt === undefined || lastAt === undefined) return {};
  const spanS = (lastAt - firstAt) / 1000;
  const perS = answerTokens !== undefined && answerTokens > 1 && spanS > 0 ? (answerTokens - 1) / spanS : undefined;
  return { firstS: (firstAt - askedAt) / 1000, ...(perS === undefined ? {} : { perS }) };
}
