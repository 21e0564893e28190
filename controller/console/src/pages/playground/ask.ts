import { patientFetch } from '../../api/client';
import { plain } from '../../design/format';
import { eventData } from './eventData';

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface Question {
  model: string;
  messages: readonly Message[];
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
  seed?: number;
  stop?: string[];
}

/** What comes back, piece by piece. */
export type Piece =
  | { kind: 'accepted'; record: string; digest: string }
  | { kind: 'text'; text: string }
  | { kind: 'finish'; reason: string }
  | { kind: 'closed'; record: string; promptTokens: number | undefined; answerTokens: number | undefined };

/** The API's own reason, in its own words. */
export class AskError extends Error {
  override name = 'AskError';
}

/** Asks, and yields the answer as it is written. Aborting the signal closes the request. */
export async function* ask(question: Question, signal: AbortSignal): AsyncGenerator<Piece> {
  const body = JSON.stringify({ ...question, stream: true, stream_options: { include_usage: true } });
  const headers = { 'content-type': 'application/json' };
  const response = await patientFetch(new Request('/v1/chat/completions', { method: 'POST', headers, body, signal, cache: 'no-store' }));
  if (!response.ok || !response.body) throw await refusal(response);
  yield { kind: 'accepted', record: response.headers.get('x-cloister-record') ?? '', digest: response.headers.get('x-cloister-model-digest') ?? '' };
  let done = false;
  for await (const data of eventData(response.body)) {
    if (data === '[DONE]') done = true;
    else yield* piecesOf(data);
  }
  if (!done) throw new AskError('The answer broke off: the connection to the controller ended.');
}

interface Chunk {
  choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
  usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
  cloister?: { completion_record?: string } | null;
  error?: { message?: string };
}

export function* piecesOf(data: string): Generator<Piece> {
  const chunk = JSON.parse(data) as Chunk;
  if (chunk.error) throw new AskError(plain(chunk.error.message ?? 'The answer broke off.'));
  const choice = chunk.choices?.[0];
  if (choice?.delta?.content) yield { kind: 'text', text: choice.delta.content };
  if (choice?.finish_reason) yield { kind: 'finish', reason: choice.finish_reason };
  const record = chunk.cloister?.completion_record;
  if (record) yield { kind: 'closed', record, promptTokens: chunk.usage?.prompt_tokens, answerTokens: chunk.usage?.completion_tokens };
}

async function refusal(response: Response): Promise<Error> {
  const body = (await response.json().catch(() => undefined)) as { error?: { message?: string }; detail?: string } | undefined;
  return new AskError(plain(body?.error?.message ?? body?.detail ?? `The answer was ${response.status} ${response.statusText}`.trim()));
}
