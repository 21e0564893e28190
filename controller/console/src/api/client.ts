import createClient from 'openapi-fetch';
import { asText } from './asText';
import { answered, missed } from './connection';
import { fromInBetween, problemOf, Unreachable } from './errors';
import { nobodyIsAtWork } from './lastUse';
import type { paths } from './schema';
import { csrfToken, loadSession, signedInAgain } from './session';

/** One try: the token against forged requests goes with everything that changes something. */
async function attempt(request: Request): Promise<Response> {
  const token = csrfToken();
  if (token && request.method !== 'GET') request.headers.set('x-cloister-csrf', token);
  if (request.method === 'GET' && nobodyIsAtWork()) request.headers.set('x-cloister-background', '1');
  const response = await fetch(request).catch((reason: unknown) => {
    if (request.signal.aborted) throw reason;
    return undefined;
  });
  if (!response || fromInBetween(response)) {
    missed();
    throw new Unreachable();
  }
  answered();
  return response;
}

/** A request whose session ended waits for a new sign-in and is then sent once more. */
export async function patientFetch(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await attempt(request);
  // What this page believes to be allowed is out of date: roles change while people are at work.
  if (response.status === 403) void loadSession().catch(() => undefined);
  if (response.status !== 401) return response;
  await signedInAgain();
  return attempt(again);
}

export const client = createClient<paths>({ baseUrl: location.origin, fetch: patientFetch, cache: 'no-store' });

/** The answer's body, or its problem thrown. */
export async function take<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw problemOf(response, error);
  return asText(data as T);
}
