import { useEffect, useRef } from 'react';
import { pages } from '../pages';

export interface ShortcutTargets {
  palette: () => void;
  shortcuts: () => void;
  go: (path: string) => void;
}

/** How long `g` waits for the key after it. */
const CHORD_MS = 1200;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** A dialog is about one thing; keys do not lead out of it. */
const dialogIsOpen = (): boolean => document.querySelector('[role="dialog"], [role="alertdialog"]') !== null;

export function useShortcuts(targets: ShortcutTargets): void {
  const latest = useRef(targets);
  latest.current = targets;
  useEffect(() => {
    let chordUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if (dialogIsOpen()) return;
      const handled = press(event, latest.current, event.timeStamp < chordUntil);
      chordUntil = handled === 'chord' ? event.timeStamp + CHORD_MS : 0;
      if (handled) event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

/** What a key does; `chord` if the next one decides, nothing if it is not for us. */
export function press(event: KeyboardEvent, targets: ShortcutTargets, inChord: boolean): 'done' | 'chord' | undefined {
  if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
    targets.palette();
    return 'done';
  }
  if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return undefined;
  const page = inChord ? pages.find((candidate) => candidate.key === event.key) : undefined;
  if (page) targets.go(page.path);
  else if (event.key === 'g') return 'chord';
  else if (event.key === '?') targets.shortcuts();
  else if (event.key === '/') targets.palette();
  else return undefined;
  return 'done';
}
