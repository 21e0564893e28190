// A browser opens six connections to one address over HTTP/1.1. A stream for each tab would soon leave none for
// questions: so one tab has the stream and passes on what it hears.
import { SILENT_MS, type Hello, type Listener, type Topic } from './eventStream';
import { follow } from './follow';

const NAME = 'cloister.events';

type Word =
  | { kind: 'hello'; by: Hello; /** Only for this tab, which asked. */ to?: string }
  | { kind: 'changed'; topics: readonly Topic[] }
  | { kind: 'alive' }
  | { kind: 'down' }
  | { kind: 'who-tells'; from: string };

/** Tells `listener` what changes until `signal`, with one stream for all tabs of this browser where that can be. */
export function listen(signal: AbortSignal, listener: Listener): void {
  // Over plain HTTP beyond this machine a browser has no locks.
  if (typeof BroadcastChannel === 'undefined' || !('locks' in navigator) || !navigator.locks) return void alone(signal, listener);
  together(signal, listener);
}

function together(signal: AbortSignal, listener: Listener): void {
  const channel = new BroadcastChannel(NAME);
  const own = crypto.randomUUID();
  const say = (word: Word) => channel.postMessage(word);
  const ear = listening(listener);
  let telling: Hello | undefined;
  channel.onmessage = ({ data }: MessageEvent<Word>) => {
    if (data.kind === 'who-tells') {
      if (telling) say({ kind: 'hello', by: telling, to: data.from });
    } else if (data.kind !== 'hello' || data.to === undefined || data.to === own) ear.hear(data);
  };
  say({ kind: 'who-tells', from: own });
  const both = (word: Word) => { ear.hear(word); say(word); };
  const lead = () => follow(signal, {
    hello: (by) => { telling = by; both({ kind: 'hello', by }); },
    changed: (topics) => both({ kind: 'changed', topics }),
    alive: () => both({ kind: 'alive' }),
    down: () => { telling = undefined; both({ kind: 'down' }); },
  });
  // Whoever has the lock tells; when its tab closes, the next one has it.
  navigator.locks.request(NAME, { signal }, lead).catch(() => undefined);
  signal.addEventListener('abort', () => {
    if (telling) say({ kind: 'down' });
    ear.end();
    channel.close();
  }, { once: true });
}

/** A tab that tells may be frozen or gone without a word: silence is taken for the end. */
function listening(listener: Listener): { hear: (word: Word) => void; end: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = () => { clearTimeout(timer); timer = undefined; };
  const hear = (word: Word) => {
    end();
    if (word.kind !== 'down') timer = setTimeout(listener.down, SILENT_MS);
    if (word.kind === 'hello') listener.hello(word.by);
    else if (word.kind === 'changed') listener.changed(word.topics);
    else if (word.kind === 'down') listener.down();
  };
  return { hear, end };
}

/** A stream of this tab's own, while somebody looks at it. */
async function alone(signal: AbortSignal, listener: Listener): Promise<void> {
  while (!signal.aborted) {
    await visible(signal);
    const hidden = new AbortController();
    const hide = () => { if (document.hidden) hidden.abort(); };
    document.addEventListener('visibilitychange', hide);
    await follow(AbortSignal.any([signal, hidden.signal]), { ...listener, alive: () => undefined });
    document.removeEventListener('visibilitychange', hide);
    listener.down();
  }
}

function visible(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look, { once: true });
    look();
  });
}
