/** The parts of a signed note that says how long the log is and what it holds. */
export interface CheckpointParts {
  origin: string;
  size: number;
  rootHash: string;
  signature: string;
}

/** Nothing if it has another form. It is read here, not verified. */
export function parseCheckpoint(note: string): CheckpointParts | undefined {
  const [text = '', signatures = ''] = note.split('\n\n');
  const [origin, size, rootHash] = text.split('\n');
  const signature = signatures.split('\n')[0];
  if (!origin || !size || !/^\d+$/.test(size) || !rootHash || !signature?.startsWith('— ')) return undefined;
  return { origin, size: Number(size), rootHash, signature };
}
