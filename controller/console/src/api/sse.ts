// Reads `text/event-stream` as it arrives. Of an event only its data matters here.

/** Data of each whole event; what is not whole yet is kept for the next piece. */
export class EventReader {
  #rest = '';

  push(piece: string): string[] {
    // A lone \r at the end may be the first half of a line break.
    const text = this.#rest + piece;
    const events = text.split(/\r\n\r\n|\n\n|\r\r(?!\n)/);
    this.#rest = events.pop() ?? '';
    return events.flatMap((event) => dataOf(event) ?? []);
  }
}

function dataOf(event: string): string | undefined {
  const lines = event.split(/\r\n|\n|\r/).filter((line) => line.startsWith('data:'));
  if (lines.length === 0) return undefined;
  return lines.map((line) => line.slice('data:'.length).replace(/^ /, '')).join('\n');
}
