/** What `cloister-audit verify --output json` says; its words are kept as they are. */
export interface Verdict {
  verdict: 'ok' | 'tampered' | 'insufficient' | 'malformed';
  /** Why it is not `ok`. */
  reason?: string;
  /** Where the first thing is that was altered. */
  tampered?: { place: { at: string } };
  report?: Report;
}

export interface Report {
  origin: string;
  tree_size: number;
  root: string;
  records: number;
  /** Sentences: what was checked, and holds. */
  checked: string[];
  notes: string[];
  /** Sentences: what no check of this file can show. */
  not_proved: string[];
}

/** The program could not be loaded, or broke off: that says nothing about the evidence. */
export class VerifierFailed extends Error {}

export function parseVerdict(output: string, complaint: string): Verdict {
  try {
    const parsed: unknown = JSON.parse(output);
    if (isVerdict(parsed)) return parsed;
  } catch {
    // Told below, with what the program itself said.
  }
  throw new VerifierFailed(complaint.trim() || 'the verifier ended without a verdict');
}

function isVerdict(value: unknown): value is Verdict {
  const words: readonly unknown[] = ['ok', 'tampered', 'insufficient', 'malformed'];
  return typeof value === 'object' && value !== null && 'verdict' in value && words.includes(value.verdict);
}
