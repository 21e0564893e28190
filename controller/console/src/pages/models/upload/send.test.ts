import { expect, it } from 'vitest';
import { Problem, Unreachable } from '../../../api/errors';
import type { Upload } from '../../../api/queries';
import { standing, type Chunk } from './plan';
import { CHUNK_BYTES, send, type Wire } from './send';

const size = 3 * CHUNK_BYTES;
const upload: Upload = { id: 'u', complete: false, created_at: '2026-11-30T00:00:00Z', files: [{ name: 'w', size_bytes: size, received_bytes: 0 }] };
const problem = (status: number, extra: object = {}) => new Problem({ type: 'urn:cloister:problem:x', title: 't', status, detail: 'd', ...extra });

/** A controller that counts what it gets, and fails as it is told before the nth chunk. */
function wire(failures: Record<number, (received: number) => unknown>): Wire & { paused: number } {
  let received = 0;
  let call = 0;
  return {
    paused: 0,
    put(_: string, { offset, end }: Chunk) {
      const failure = failures[call++]?.(received);
      if (failure) return Promise.reject(failure as Error);
      expect(offset).toBe(received);
      received = end;
      return Promise.resolve({ received_bytes: received });
    },
    get: () => Promise.resolve(standing(upload, 'w', received)),
    pause() { this.paused += 1; return Promise.resolve(); },
  };
}

it('sends everything once', async () => {
  const done = await send(upload, wire({}), () => undefined);
  expect(done.files[0]?.received_bytes).toBe(size);
});

it('goes on after a lost connection from where the controller says it stands', async () => {
  const lossy = wire({ 1: () => new Unreachable(), 2: () => problem(503) });
  let waited = false;
  const done = await send(upload, lossy, (_, waiting) => { waited ||= waiting; });
  expect(done.files[0]?.received_bytes).toBe(size);
  expect([lossy.paused, waited]).toEqual([2, true]);
});

it('follows the offset that the controller expects', async () => {
  const ahead = { ...upload, files: [{ name: 'w', size_bytes: size, received_bytes: CHUNK_BYTES }] };
  const done = await send(ahead, wire({ 0: (received) => problem(409, { expected_offset_bytes: received }) }), () => undefined);
  expect(done.files[0]?.received_bytes).toBe(size);
});

it('does not repeat what is refused', async () => {
  await expect(send(upload, wire({ 0: () => problem(413) }), () => undefined)).rejects.toMatchObject({ status: 413 });
});
