import { useSyncExternalStore } from 'react';
import { asText } from './asText';
import { answered, missed } from './connection';
import { fromInBetween, problemOf, Unreachable } from './errors';
import { nobodyIsAtWork } from './lastUse';
import type { components } from './schema';

export type Session = components['schemas']['Session'];
export type SignInMethods = components['schemas']['SessionMethods'];
export type Credentials = components['schemas']['NewSession'];

export type SessionState =
  | { phase: 'unknown' }
  | { phase: 'signed-out' }
  /** `interrupted`: it ended while somebody was at work; the page stays as it is. `idleMs`: how long it lasts unused. */
  | { phase: 'signed-in'; session: Session; idleMs: number; interrupted: boolean };

const PATH = '/api/v1/session';
let state: SessionState = { phase: 'unknown' };
let waiting: (() => void)[] = [];
const listeners = new Set<() => void>();

function set(changed: SessionState): void {
  state = changed;
  for (const listener of listeners) listener();
}

/** Fetches below the session: no retry after a sign-in, because these are the sign-in. */
async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, { cache: 'no-store', ...init }).catch(() => undefined);
  if (!response || fromInBetween(response)) {
    missed();
    throw new Unreachable();
  }
  answered();
  return response;
}

async function body<T>(response: Response): Promise<T> {
  const parsed: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw problemOf(response, parsed);
  return asText(parsed as T);
}

function json(method: string, value: unknown): RequestInit {
  const token = csrfToken();
  const headers = { 'content-type': 'application/json', ...(token ? { 'x-cloister-csrf': token } : {}) };
  return { method, headers, body: JSON.stringify(value) };
}

/** Who is signed in. Throws only if nobody could be asked. */
export async function loadSession(): Promise<void> {
  return settle(await ask(PATH), false);
}

/** The same, asked by the page itself: where nobody is at work it is no use of the session. */
export async function checkSession(): Promise<void> {
  return settle(await ask(PATH, nobodyIsAtWork() ? { headers: { 'x-cloister-background': '1' } } : {}), true);
}

async function settle(response: Response, byItself: boolean): Promise<void> {
  if (response.status !== 401) return accept(await body<Session>(response), response, byItself);
  // Work in progress stays on the screen; a page that shows nothing yet has none.
  set(state.phase === 'signed-in' ? { ...state, interrupted: true } : { phase: 'signed-out' });
}

function accept(session: Session, response: Response, byItself = false): void {
  // What somebody else left on the screen is neither shown to nor done by whoever came next.
  if (state.phase === 'signed-in' && state.session.account.id !== session.account.id) return location.reload();
  // What was no use tells only how much of its time is left.
  const idleMs = byItself && state.phase === 'signed-in' ? state.idleMs : idleTime(session, response);
  set({ phase: 'signed-in', session, idleMs, interrupted: false });
  for (const resume of waiting.splice(0)) resume();
}

/** By the controller's clock: the one here may be wrong by more than that. */
function idleTime(session: Session, response: Response): number {
  const now = Date.parse(response.headers.get('date') ?? '') || Date.now();
  return Math.max(0, Date.parse(session.idle_expires_at) - now);
}

export async function signInMethods(): Promise<SignInMethods> {
  return body(await ask(`${PATH}/methods`));
}

export async function signIn(credentials: Credentials): Promise<Session> {
  const response = await ask(PATH, json('POST', credentials));
  const session = await body<Session>(response);
  accept(session, response);
  return session;
}

/** All other sessions of the account end with it. */
export async function setPassword(fresh: string, present?: string): Promise<void> {
  const wanted = { new_password: fresh, ...(present ? { current_password: present } : {}) };
  const response = await ask(`${PATH}/password`, json('POST', wanted));
  if (!response.ok) await body(response);
  await loadSession();
}

export async function signOut(): Promise<void> {
  const onward = await end();
  waiting = [];
  set({ phase: 'signed-out' });
  // The provider has a session of its own, which would let in whoever comes next.
  if (onward) location.assign(onward);
}

/** Nobody was at work for too long: the session ends, the page stays for whoever signs in again. */
export async function leaveIdle(): Promise<void> {
  if (state.phase === 'signed-in') set({ ...state, interrupted: true });
  await end('?idle=true');
}

/** Ends the session; where its provider ends its own, if it has such a place. */
async function end(how = ''): Promise<string | undefined> {
  const response = await ask(PATH + how, json('DELETE', {}));
  if (response.status === 401) return undefined;
  const { provider_logout_url: url } = await body<components['schemas']['SignedOut']>(response);
  return url && /^https?:\/\//i.test(url) ? url : undefined;
}

/** The session ended in mid-work: resolves once the same person has signed in again. */
export function signedInAgain(): Promise<void> {
  if (state.phase !== 'signed-in') return Promise.reject(new Error('You are signed out.'));
  if (!state.interrupted) set({ ...state, interrupted: true });
  return new Promise((resolve) => waiting.push(resolve));
}

export function csrfToken(): string | undefined {
  return state.phase === 'signed-in' ? state.session.csrf_token : undefined;
}

export function onSessionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Somebody is signed in, as far as is known. */
/** Whether anything may be asked for: whoever has to set up a second factor first may do nothing else. */
export const mayAsk = (): boolean => state.phase === 'signed-in' && !state.interrupted && !state.session.account.needs_second_factor;

export function useSessionState(): SessionState {
  return useSyncExternalStore(onSessionChange, () => state);
}

/** Whether whoever is signed in may do something, by the name the controller gives it. */
export function useMay(): (action: string) => boolean {
  const now = useSessionState();
  return (action) => now.phase === 'signed-in' && now.session.actions.includes(action);
}

/** Whoever is signed in. Only for what stands behind the sign-in. */
export function useSession(): Session {
  const now = useSessionState();
  if (now.phase !== 'signed-in') throw new Error('Nobody is signed in.');
  return now.session;
}
