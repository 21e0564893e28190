import { EventReader } from '../../api/sse';
import { breather } from './breathe';

export async function* eventData(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = new EventReader();
  const decoder = new TextDecoder();
  const stream = body.getReader();
  // What has arrived already is read without a pause: an answer that comes fast enough would leave the page no time.
  const breathe = breather();
  try {
    for (let next = await stream.read(); !next.done; next = await stream.read()) {
      for (const data of reader.push(decoder.decode(next.value, { stream: true }))) {
        yield data;
        await breathe();
      }
    }
  } finally {
    stream.releaseLock();
  }
}
