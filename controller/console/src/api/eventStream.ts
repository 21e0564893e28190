import { fromInBetween } from './errors';
import type { components } from './schema';
import { EventReader } from './sse';

export type Topic = components['schemas']['Topic'];
export type Hello = components['schemas']['Hello'];

/** Who hears what is told. */
export interface Listener {
  /** Changes are told from now on; what changed before was not. */
  hello: (by: Hello) => void;
  changed: (topics: readonly Topic[]) => void;
  /** Nothing is told any more, for now. */
  down: () => void;
}

/** How a stream ended. */
export type End =
  | { kind: 'over'; /** It had told something, and lasted. */ lasted: boolean }
  /** It was opened, and nothing came: something in between keeps it back. */
  | { kind: 'held-back' }
  | { kind: 'refused'; status: number; retryAfterMs: number | undefined }
  | { kind: 'unreachable' };

const PATH = '/api/v1/events';
/** The first event comes at once. */
const HELLO_WITHIN_MS = 8000;
/** Something comes every ten seconds, if only a comment. */
export const SILENT_MS = 25_000;
/** A stream that breaks sooner after its beginning is no better than none. */
const LASTS_MS = 9000;

/** One stream, from its opening to its end. `alive` is called whenever anything comes. */
export async function readEvents(signal: AbortSignal, told: Listener & { alive: () => void }): Promise<End> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), HELLO_WITHIN_MS);
  const both = AbortSignal.any([signal, silence.signal]);
  let helloAt: number | undefined;
  const end = (): End => {
    if (helloAt === undefined) return silence.signal.aborted ? { kind: 'held-back' } : { kind: 'over', lasted: false };
    return { kind: 'over', lasted: Date.now() - helloAt >= LASTS_MS };
  };
  try {
    const response = await fetch(PATH, { headers: { accept: 'text/event-stream' }, cache: 'no-store', signal: both }).catch(() => undefined);
    if (!response) return silence.signal.aborted ? end() : { kind: 'unreachable' };
    if (fromInBetween(response)) return { kind: 'unreachable' };
    if (!isStream(response)) return { kind: 'refused', status: response.status, retryAfterMs: retryAfterMs(response) };
    for await (const data of pieces(response.body, () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENT_MS);
      told.alive();
    })) {
      const event = JSON.parse(data) as Partial<Hello> & { topics?: Topic[] };
      if (event.topics) told.changed(event.topics);
      else if (event.controller_id !== undefined) {
        helloAt ??= Date.now();
        told.hello(event as Hello);
      }
    }
    return end();
  } catch {
    // It broke, was given up, or said what nobody understands.
    return end();
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

/** A page that some proxy answers with is none, whatever its status. */
function isStream(response: Response): response is Response & { body: ReadableStream<Uint8Array> } {
  return response.ok && response.body !== null && (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

async function* pieces(body: ReadableStream<Uint8Array>, alive: () => void): AsyncGenerator<string> {
  const reader = new EventReader();
  const decoder = new TextDecoder();
  const stream = body.getReader();
  try {
    for (let next = await stream.read(); !next.done; next = await stream.read()) {
      alive();
      yield* reader.push(decoder.decode(next.value, { stream: true }));
    }
  } finally {
    // Whoever stops listening leaves no connection open.
    void stream.cancel().catch(() => undefined);
  }
}
