export interface OutputLine { at: string; run: number; text: string }

/** Lines as text, with a line of its own where another run of the worker begins. */
export function textOf(lines: readonly OutputLine[]): string {
  const told: string[] = [];
  let run: number | undefined;
  for (const line of lines) {
    if (run !== undefined && line.run !== run) told.push(`── run ${line.run} ──`);
    run = line.run;
    // A worker writes lines; whatever breaks one more must not look like another line.
    told.push(`${line.at} ${line.text.replaceAll('\n', ' ')}`);
  }
  return told.join('\n');
}
