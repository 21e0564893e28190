// When somebody was last at work here, in this tab or another: what is read again by itself is no work.
const LAST_USED = 'cloister.last-used';
/** A pause that is shorter counts as work going on. */
const PAUSE_MS = 20_000;

export function lastUse(): number {
  return Number(localStorage.getItem(LAST_USED) ?? 0);
}

export function noteUse(): void {
  localStorage.setItem(LAST_USED, String(Date.now()));
}

/** Whether what is asked now is asked for nobody: the controller then does not take the session for one in use. */
export function nobodyIsAtWork(): boolean {
  return Date.now() - lastUse() > PAUSE_MS;
}
