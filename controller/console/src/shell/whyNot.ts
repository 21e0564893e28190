import { Problem } from '../api/errors';
import { formatDuration } from '../design';

/** The controller's own sentence, with how long to wait where it is known and not said. */
export function whyNot(error: Error): string {
  const said = error.message.charAt(0).toUpperCase() + error.message.slice(1);
  const whole = /[.!?]$/.test(said) ? said : `${said}.`;
  const wait = error instanceof Problem ? (error.retryAfter ?? error.document.retry_after_s) : undefined;
  return wait == null || /try again/i.test(said) ? whole : `${whole} Try again in ${formatDuration(wait)}.`;
}
