import type { Upload } from '../../../api/queries';

export interface FileSize { name: string; size: number }

export interface Chunk { name: string; offset: number; end: number }

export const FILES_MAX = 64;
export const BUNDLE_MAX_BYTES = 1024 * 1024;

/** What goes next: the first file that is not all there, from where it stands. Nothing once all is there. */
export function nextChunk(upload: Pick<Upload, 'files'>, chunkBytes: number): Chunk | undefined {
  const file = upload.files.find(({ received_bytes: received, size_bytes: size }) => received < size);
  if (!file) return undefined;
  const { name, received_bytes: offset, size_bytes: size } = file;
  return { name, offset, end: Math.min(size, offset + chunkBytes) };
}

/** The upload, with one file standing elsewhere. */
export function standing<U extends Pick<Upload, 'files'>>(upload: U, name: string, received: number): U {
  return { ...upload, files: upload.files.map((file) => (file.name === name ? { ...file, received_bytes: received } : file)) };
}

export function sent({ files }: Pick<Upload, 'files'>): { done: number; total: number } {
  return {
    done: files.reduce((sum, file) => sum + file.received_bytes, 0),
    total: files.reduce((sum, file) => sum + file.size_bytes, 0),
  };
}

/** Whether an upload that was broken off is of these files. Their bytes are checked by the signature. */
export function isOf(upload: Pick<Upload, 'files'>, files: readonly FileSize[]): boolean {
  const sizes = new Map(files.map(({ name, size }) => [name, size]));
  return upload.files.length === files.length && upload.files.every(({ name, size_bytes: size }) => sizes.get(name) === size);
}

/** Why these files cannot be a signed model; nothing if they can. */
export function fileProblem(files: readonly FileSize[]): string | undefined {
  const bundles = files.filter(({ name }) => name.endsWith('.sig'));
  const odd = files.find(({ name }) => !/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$/.test(name));
  const empty = files.find(({ size }) => size === 0);
  if (files.length > FILES_MAX) return `These are ${files.length} files; a model has at most ${FILES_MAX}.`;
  if (bundles.length === 0) return 'There is no signature bundle: no file ends in .sig. Sign the model first: cloister model sign FOLDER --key KEY.pem';
  if (bundles.length > 1) return `There are ${bundles.length} signature bundles; a model has one.`;
  if (files.length < 2) return 'There is a signature bundle, and nothing that it could have signed.';
  if (bundles.some(({ size }) => size > BUNDLE_MAX_BYTES)) return 'The signature bundle is larger than 1 MiB.';
  if (odd) return `${JSON.stringify(odd.name)} cannot be a file of a model: letters, digits, dots, dashes and underscores only.`;
  if (empty) return `${empty.name} is empty.`;
  return undefined;
}
