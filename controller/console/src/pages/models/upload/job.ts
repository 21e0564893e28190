import { useSyncExternalStore } from 'react';
import { client, patientFetch, take } from '../../../api/client';
import { Problem, problemOf } from '../../../api/errors';
import type { ModelDetail, Upload } from '../../../api/queries';
import { isOf, type Chunk } from './plan';
import { send } from './send';

export type Job = { name: string; upload?: Upload } & (
  | { phase: 'sending' | 'waiting' | 'verifying' }
  | { phase: 'done'; model: ModelDetail }
  | { phase: 'failed'; error: Error });

// It outlives the dialog that began it: going to another page does not end it.
let job: Job | undefined;
let abort = new AbortController();
const listeners = new Set<() => void>();
const REMEMBERED = 'cloister.upload';

function set(changed: Job | undefined): void {
  job = changed;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useJob = (): Job | undefined => useSyncExternalStore(subscribe, () => job);

/** Sends files, or goes on with an upload of them that was broken off, and has them verified and kept. */
export async function start(name: string, files: readonly File[]): Promise<void> {
  abort = new AbortController();
  const { signal } = abort;
  set({ name, phase: 'sending' });
  try {
    let upload = (await brokenOff(files)) ?? (await begin(files));
    localStorage.setItem(REMEMBERED, upload.id);
    const wire = { put: (id: string, chunk: Chunk) => put(id, chunk, files, signal), get, pause: (ms: number) => pause(ms, signal) };
    set({ name, phase: 'sending', upload });
    upload = await send(upload, wire, (now, waiting) => set({ name, phase: waiting ? 'waiting' : 'sending', upload: now }));
    set({ name, phase: 'verifying', upload });
    const model = await take(client.POST('/api/v1/models', { body: { name, upload_id: upload.id }, signal }));
    localStorage.removeItem(REMEMBERED);
    set({ name, phase: 'done', model });
  } catch (error) {
    if (signal.aborted) return;
    // Refused bytes stay refused: the next try begins anew.
    if (error instanceof Problem && error.kind === 'model-refused') localStorage.removeItem(REMEMBERED);
    set({ name, ...(job?.upload ? { upload: job.upload } : {}), phase: 'failed', error: error instanceof Error ? error : new Error(String(error)) });
  }
}

/** Stops and has the controller drop what it got. */
export async function cancel(): Promise<void> {
  const id = job?.upload?.id;
  abort.abort();
  localStorage.removeItem(REMEMBERED);
  set(undefined);
  if (id) await client.DELETE('/api/v1/uploads/{upload_id}', { params: { path: { upload_id: id } } });
}

export const dismiss = (): void => set(undefined);

const get = (id: string): Promise<Upload> => take(client.GET('/api/v1/uploads/{upload_id}', { params: { path: { upload_id: id } } }));

/** The upload that an earlier visit began, if it is of the same files and still there. */
async function brokenOff(files: readonly File[]): Promise<Upload | undefined> {
  const id = localStorage.getItem(REMEMBERED);
  if (!id) return undefined;
  const upload = await get(id).catch(() => undefined);
  return upload && isOf(upload, files) ? upload : undefined;
}

function begin(files: readonly File[]): Promise<Upload> {
  const announced = files.map(({ name, size }) => ({ name, size_bytes: size }));
  return take(client.POST('/api/v1/uploads', { body: { files: announced } }));
}

async function put(id: string, { name, offset, end }: Chunk, files: readonly File[], signal: AbortSignal): Promise<{ received_bytes: number }> {
  const file = files.find((candidate) => candidate.name === name);
  if (!file) throw new Error(`${name} is not among the chosen files`);
  const address = `${location.origin}/api/v1/uploads/${encodeURIComponent(id)}/files/${encodeURIComponent(name)}?offset=${offset}`;
  const headers = { 'content-type': 'application/octet-stream' };
  const response = await patientFetch(new Request(address, { method: 'PUT', headers, body: file.slice(offset, end), signal }));
  const body: unknown = await response.json();
  if (!response.ok) throw problemOf(response, body);
  return body as { received_bytes: number };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => { clearTimeout(timer); reject(new Error('cancelled')); }, { once: true });
  });
}
