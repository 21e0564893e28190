import { fetchEvidence } from '../records/evidence';
import { evidenceUpTo } from './earlier';
import type { Verdict } from './verdict';
import { verify } from './verify';

/** `now`: already the log of today does not hold. `checkpoint`: the kept one is not what this key signed. `since`: the records are others. */
export interface SinceVerdict {
  failed?: 'now' | 'checkpoint' | 'since';
  verdict: Verdict;
}

/** Checks that the log of today holds, and that it begins with the very records that `note` signed. */
export async function verifySince(note: string, key: string): Promise<SinceVerdict> {
  const evidence = new Uint8Array(await (await fetchEvidence([])).arrayBuffer());
  const now = await verify({ evidence, key });
  if (now.verdict !== 'ok') return { failed: 'now', verdict: now };
  const verdict = await verify({ evidence: evidenceUpTo(evidence, note), key });
  return judged(verdict);
}

/** Of a file whose first line was made of the kept checkpoint, and whose records hold: what is wrong with which. */
export function judged(verdict: Verdict): SinceVerdict {
  if (verdict.verdict === 'ok') return { verdict };
  const isOfRecords = verdict.verdict === 'tampered' && verdict.tampered?.place.at !== 'header';
  return { failed: isOfRecords ? 'since' : 'checkpoint', verdict };
}
