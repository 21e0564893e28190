import { parseCheckpoint } from './checkpoint';

/** A signed note as somebody kept it, and when. */
export interface KeptCheckpoint {
  note: string;
  keptAt: string;
}

export const KEPT_AS = 'cloister.kept-checkpoints';

export const isKept = (value: unknown): value is KeptCheckpoint =>
  typeof value === 'object' && value !== null && 'note' in value && typeof value.note === 'string' && 'keptAt' in value
  && typeof value.keptAt === 'string' && parseCheckpoint(value.note) !== undefined;

export const sizeOf = ({ note }: KeptCheckpoint): number => parseCheckpoint(note)?.size ?? 0;

/** The longest log first; a note that is kept already is kept once. */
export function withNotes(list: readonly KeptCheckpoint[], notes: readonly string[], now: Date): KeptCheckpoint[] {
  const fresh = [...new Set(notes)].filter((note) => !list.some((kept) => kept.note === note));
  return [...list, ...fresh.map((note) => ({ note, keptAt: now.toISOString() }))].toSorted((a, b) => sizeOf(b) - sizeOf(a));
}

/** What a text file holds, with the line ends that were signed; nothing if it is no checkpoint. */
export function noteIn(text: string): string | undefined {
  const note = text.replaceAll('\r\n', '\n');
  return parseCheckpoint(note) ? note : undefined;
}

export const checkpointFile = (kept: KeptCheckpoint): string => `cloister-checkpoint-${sizeOf(kept)}.txt`;
