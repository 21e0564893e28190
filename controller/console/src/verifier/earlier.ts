import { parseCheckpoint } from '../records/checkpoint';

const LINE_END = 0x0a;
/** A record and the hash that is stated of it. */
const LINES_OF_RECORD = 2;

/**
 * The evidence file of the log as it was when `note` was signed, made of the records of a file of the whole log: the
 * verifier computes the root of that many records anew, and compares it with the one that the note signs. It holds only
 * if not a byte of them has changed since. Nothing here is trusted: the verifier reads every line of what is made.
 */
export function evidenceUpTo(evidence: Uint8Array, note: string): Uint8Array {
  const parts = parseCheckpoint(note);
  if (!parts) throw new Error('This is no checkpoint.');
  const begin = lineEnds(evidence, 0, 1);
  const { format, kind } = JSON.parse(new TextDecoder().decode(evidence.subarray(0, begin))) as { format?: unknown; kind?: unknown };
  if (kind !== 'log') throw new Error('The file does not hold the whole log.');
  // Canonical JSON: the names in their order, nothing between them.
  const header = JSON.stringify({ checkpoint: note, format, kind, origin: parts.origin, tree_size: parts.size });
  const first = new TextEncoder().encode(`${header}\n`);
  const records = evidence.subarray(begin, lineEnds(evidence, begin, parts.size * LINES_OF_RECORD));
  const made = new Uint8Array(first.length + records.length);
  made.set(first);
  made.set(records, first.length);
  return made;
}

/** Where so many lines from `from` on end; the end of the file if there are fewer. */
function lineEnds(bytes: Uint8Array, from: number, count: number): number {
  let at = from;
  for (let line = 0; line < count; line += 1) {
    const end = bytes.indexOf(LINE_END, at);
    if (end === -1) return bytes.length;
    at = end + 1;
  }
  return at;
}
