const SENTENCES: Record<string, string> = {
  refused: 'Your identity provider did not let you in. Try again; if it still does not, ask whoever looks after your account there.',
  expired: 'This attempt to sign in took too long, or was used before. Sign in again.',
  not_verified: 'The answer of your identity provider could not be verified, so nobody is signed in. Try again; if it happens again, tell whoever runs this fleet.',
  no_role: 'Your identity provider knows you, but none of your groups has a role on this fleet. Ask a fleet admin which group you need, and sign in again once you are in it.',
  disabled: 'Your account on this fleet is disabled. Ask a fleet admin.',
  unavailable: 'Your identity provider cannot be reached now. Try again in a few minutes; an account that is kept here works meanwhile.',
};

/** Why signing in with a provider failed, for whoever tried. What the address says is never shown itself. */
export function whyNotThere(code: string | null): string | undefined {
  if (code === null) return undefined;
  return Object.hasOwn(SENTENCES, code) ? SENTENCES[code] : 'You are not signed in. Try again; if it happens again, tell whoever runs this fleet.';
}
