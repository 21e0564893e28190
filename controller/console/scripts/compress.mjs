// Writes a gzipped neighbour of every built file that gains by it; the controller sends it to whoever takes gzip.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
const TEXT = new Set(['.css', '.html', '.js', '.json', '.svg', '.wasm']);
/** Below it the headers of an answer are the greater part. */
const LEAST_BYTES = 1024;

for (const name of readdirSync(DIST, { recursive: true })) {
  if (!TEXT.has(extname(name)) || name.startsWith('.vite')) continue;
  const plain = readFileSync(join(DIST, name));
  // Without a time in it: the same files give the same images.
  if (plain.length >= LEAST_BYTES) writeFileSync(join(DIST, `${name}.gz`), gzipSync(plain, { level: 9 }));
}
