/** How long work may hold up the page before something else has its turn. */
const SLICE_MS = 8;

/** Called between two steps of long work: lets the page be drawn, and presses be heard, a hundred times a second. */
export function breather(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < SLICE_MS) return undefined;
    return nextTask().then(() => { since = performance.now(); });
  };
}

/** A timer would be put off for a second in a tab that nobody looks at. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { port1.close(); resolve(); };
    port2.postMessage(undefined);
  });
}
