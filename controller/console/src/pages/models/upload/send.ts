import { backoff } from '../../../api/connection';
import { Problem, Unreachable } from '../../../api/errors';
import type { Upload } from '../../../api/queries';
import { nextChunk, standing, type Chunk } from './plan';

/** What sending needs of the controller and the clock; a test brings its own. */
export interface Wire {
  put: (id: string, chunk: Chunk) => Promise<{ received_bytes: number }>;
  get: (id: string) => Promise<Upload>;
  pause: (milliseconds: number) => Promise<void>;
}

export const CHUNK_BYTES = 8 * 1024 * 1024;

/** Sends what is missing. Survives a lost connection and a controller that restarts; ends by itself otherwise. */
export async function send(upload: Upload, wire: Wire, onProgress: (upload: Upload, waiting: boolean) => void): Promise<Upload> {
  let now = upload;
  let failures = 0;
  for (let chunk = nextChunk(now, CHUNK_BYTES); chunk; chunk = nextChunk(now, CHUNK_BYTES)) {
    try {
      const { received_bytes: received } = await wire.put(now.id, chunk);
      now = standing(now, chunk.name, received);
      failures = 0;
    } catch (error) {
      now = await afterFailure(error, now, chunk, failures, wire, onProgress);
      failures += 1;
    }
    onProgress(now, false);
  }
  return now;
}

const FAILURES_MAX = 100;

async function afterFailure(error: unknown, now: Upload, chunk: Chunk, failures: number, wire: Wire, onProgress: (upload: Upload, waiting: boolean) => void): Promise<Upload> {
  // The controller knows best where a file stands: an answer may have been lost on its way here.
  const expected = error instanceof Problem ? error.document.expected_offset_bytes : undefined;
  if (expected != null && failures < FAILURES_MAX) return standing(now, chunk.name, expected);
  if (!passes(error) || failures >= FAILURES_MAX) throw error;
  onProgress(now, true);
  await wire.pause(backoff(failures));
  return wire.get(now.id).catch((again: unknown) => {
    if (passes(again)) return now;
    throw again;
  });
}

/** Whether trying again later can help. */
function passes(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Problem && (error.status === 429 || error.status === 503));
}
