import { VerifierFailed, type Verdict } from './verdict';
import type { Task } from './worker';

type Answer = { verdict: Verdict } | { failed: string };

/** Checks an evidence file in this browser, against a key that the reader holds. */
export function verify(task: Task): Promise<Verdict> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return new Promise<Verdict>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if ('verdict' in data) resolve(data.verdict);
      else reject(new VerifierFailed(data.failed));
    };
    worker.onerror = () => reject(new VerifierFailed('the verifier could not be started in this browser'));
    worker.postMessage(task);
  }).finally(() => worker.terminate());
}
