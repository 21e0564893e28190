import { asText } from './asText';
import type { components } from './schema';

export type ProblemDocument = components['schemas']['Problem'];

const PREFIX = 'urn:cloister:problem:';

/** What the controller answered instead of doing it (RFC 9457). */
export class Problem extends Error {
  override name = 'Problem';
  readonly kind: string;
  readonly status: number;
  readonly document: ProblemDocument;
  /** Seconds to wait, where the controller named them. */
  readonly retryAfter: number | undefined;

  constructor(document: ProblemDocument, retryAfter?: number) {
    super(document.detail || document.title);
    this.document = document;
    this.status = document.status;
    this.kind = document.type.startsWith(PREFIX) ? document.type.slice(PREFIX.length) : 'unknown';
    this.retryAfter = retryAfter;
  }
}

/** The controller could not be asked, or something in between answered for it. */
export class Unreachable extends Error {
  override name = 'Unreachable';
  constructor() {
    super('The controller cannot be reached now. Nothing is lost; this page tries again by itself.');
  }
}

function isProblem(body: unknown): body is ProblemDocument {
  return typeof body === 'object' && body !== null && 'type' in body && 'title' in body && 'status' in body;
}

export function problemOf(response: Response, body: unknown): Problem {
  const wait = Number(response.headers.get('retry-after') ?? Number.NaN);
  const retryAfter = Number.isFinite(wait) ? wait : undefined;
  if (isProblem(body)) return new Problem(asText(body), retryAfter);
  const detail = `The answer was ${response.status} ${response.statusText}`.trim();
  return new Problem({ type: 'about:blank', title: 'Unexpected answer', status: response.status, detail }, retryAfter);
}

/** Whether an answer came from a proxy in front of the controller, which is down or starting. */
export function fromInBetween(response: Response): boolean {
  const isDocument = response.headers.get('content-type')?.includes('json') ?? false;
  return response.status >= 500 && !isDocument;
}
