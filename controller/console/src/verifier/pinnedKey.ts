const STORED_AS = 'cloister.pinned-log-key';
/** `origin+id+base64`, as a signed note's verifier key is written. */
const SHAPE = /^[^\s+]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{40,120}$/;

/**
 * The log's public key as whoever reads here has it from somebody they trust. It stays in this browser: a key that
 * the checked server handed out at each check would prove nothing.
 */
export function pinnedKey(): string {
  return localStorage.getItem(STORED_AS) ?? '';
}

export function pinKey(key: string): void {
  if (key) localStorage.setItem(STORED_AS, key);
  else localStorage.removeItem(STORED_AS);
}

export function isVerifierKey(text: string): boolean {
  return SHAPE.test(text);
}
