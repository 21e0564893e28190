import type { components } from './schema';

export type Issuer = components['schemas']['SignInIssuer'];

/** The id of the identity provider that an account is from. Names of accounts that are kept here have no `@`. */
export function issuerOf(account: string): string | undefined {
  const at = account.lastIndexOf('@');
  return at < 0 ? undefined : account.slice(at + 1);
}

/** Where signing in with a provider begins. It ends at `next`, a place in this console. */
export function beginAddress(issuer: Issuer, next: string): string {
  return `/api/v1/session/oidc/${encodeURIComponent(issuer.id)}?next=${encodeURIComponent(`/console${next}`)}`;
}
