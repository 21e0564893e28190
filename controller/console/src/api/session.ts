import { useSyncExternalStore } from 'react';
import { answered, missed } from './connection';
import { fromInBetween, problemOf, Unreachable } from './errors';

export interface Session {
  user: { id: string; name: string; kind: 'local' | 'oidc' };
  roles: string[];
  actions: string[];
  csrf_token: string;
  idle_expires_at: string;
  absolute_expires_at: string;
}

export interface SignInMethods {
  local: boolean;
  oidc: { id: string; name: string; start_url: string }[];
}

export type Credentials =
  | { method: 'link'; token: string }
  | { method: 'password'; username: string; password: string; totp?: string };

export type SessionState =
  | { phase: 'unknown' }
  | { phase: 'signed-out' }
  /** `interrupted`: it ended while somebody was at work; the page stays as it is. */
  | { phase: 'signed-in'; session: Session; interrupted: boolean };

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
  return parsed as T;
}

function json(method: string, value: unknown): RequestInit {
  const token = csrfToken();
  const headers = { 'content-type': 'application/json', ...(token ? { 'x-cloister-csrf': token } : {}) };
  return { method, headers, body: JSON.stringify(value) };
}

/** Who is signed in. Throws only if nobody could be asked. */
export async function loadSession(): Promise<void> {
  const response = await ask(PATH);
  if (import.meta.env.DEV && response.status === 404) return set({ phase: 'signed-in', session: developer, interrupted: false });
  if (response.status !== 401) return accept(await body<Session>(response));
  // Work in progress stays on the screen; a page that shows nothing yet has none.
  set(state.phase === 'signed-in' ? { ...state, interrupted: true } : { phase: 'signed-out' });
}

function accept(session: Session): void {
  // What somebody else left on the screen is neither shown to nor done by whoever came next.
  if (state.phase === 'signed-in' && state.session.user.id !== session.user.id) return location.reload();
  set({ phase: 'signed-in', session, interrupted: false });
  for (const resume of waiting.splice(0)) resume();
}

export async function signInMethods(): Promise<SignInMethods> {
  return body(await ask(`${PATH}/methods`));
}

export async function signIn(credentials: Credentials): Promise<void> {
  accept(await body<Session>(await ask(PATH, json('POST', credentials))));
}

export async function setPassword(password: string): Promise<void> {
  const response = await ask('/api/v1/account/password', json('POST', { new_password: password }));
  if (!response.ok) await body(response);
}

export async function signOut(): Promise<void> {
  const response = await ask(PATH, json('DELETE', {}));
  if (!response.ok && response.status !== 401) await body(response);
  waiting = [];
  set({ phase: 'signed-out' });
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

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSessionState(): SessionState {
  return useSyncExternalStore(subscribe, () => state);
}

/** Whether whoever is signed in may do something, by the name the controller gives it. */
export function useMay(): (action: string) => boolean {
  const now = useSessionState();
  return (action) => now.phase === 'signed-in' && (now.session.actions.includes(action) || now.session === developer);
}

/** Stands in for the session of a controller that has none, in the development server alone. */
const developer: Session = {
  user: { id: 'development', name: 'development', kind: 'local' }, roles: ['fleet-admin'], actions: [],
  csrf_token: '', idle_expires_at: '', absolute_expires_at: '',
};
