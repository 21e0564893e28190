/** Where to go after signing in: a place in this console, whatever the address says. */
export function safeNext(wanted: string | null): string {
  if (!wanted || !/^\/(?![/\\])/.test(wanted)) return '/';
  // The URL parser drops tabs and line breaks, after which `/\t/evil` would be another host.
  const parsed = new URL(wanted, 'http://console.invalid');
  return parsed.origin === 'http://console.invalid' ? parsed.pathname + parsed.search + parsed.hash : '/';
}

/** The one-time token of a link: in the fragment, which browsers send to nobody. */
export function linkToken(hash: string): string | undefined {
  return new URLSearchParams(hash.replace(/^#/, '')).get('token') ?? undefined;
}
