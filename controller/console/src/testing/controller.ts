import { vi } from 'vitest';
import type { Session } from '../api/session';

type Answer = { status?: number; body?: unknown; headers?: Record<string, string>; /** Sent as it is, in place of `body`. */ raw?: BodyInit };
export type Answers = Record<string, Answer | ((request: Request) => Answer | Promise<Answer>)>;

/** Answers in the controller's stead, by `METHOD /path`; anything else is a fault of the test. */
export function controller(answers: Answers): { calls: string[] } {
  const calls: string[] = [];
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
    const request = input instanceof Request ? input : new Request(new URL(String(input), location.origin), init);
    const name = `${request.method} ${new URL(request.url).pathname}`;
    calls.push(name);
    const answer = answers[name];
    if (!answer) throw new Error(`nothing answers ${name}`);
    const { status = 200, body = {}, headers = {}, raw } = typeof answer === 'function' ? await answer(request) : answer;
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    return new Response(raw ?? JSON.stringify(body), { status, headers: { 'content-type': type, ...headers } });
  });
  return { calls };
}

export const problem = (status: number, kind: string, detail: string): Answer => ({
  status, body: { type: `urn:cloister:problem:${kind}`, title: kind, status, detail },
});

const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();

export const session = (actions: string[]): Session => ({
  id: 's1', account: { id: 'a1', name: 'a.weber', has_password: true, needs_current_password: true, has_second_factor: false, needs_second_factor: false }, roles: ['operator'], actions, csrf_token: 'csrf-1',
  idle_expires_at: inHours(1), absolute_expires_at: inHours(8),
});
