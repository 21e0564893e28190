import { runVerifier } from './program';
import { VerifierFailed } from './verdict';

/** Beside the page, so that a log of many records does not hold it up. */
export interface Task {
  evidence: Uint8Array;
  key: string;
}

let program: Promise<WebAssembly.Module> | undefined;

async function load(): Promise<WebAssembly.Module> {
  const response = await fetch(`${import.meta.env.BASE_URL}verifier/cloister-audit.wasm`);
  if (!response.ok) throw new VerifierFailed('the verifier could not be loaded; reload the page, or check with cloister-audit');
  return WebAssembly.compile(await response.arrayBuffer());
}

self.onmessage = async ({ data }: MessageEvent<Task>) => {
  try {
    program ??= load();
    self.postMessage({ verdict: await runVerifier(await program, data.evidence, data.key) });
  } catch (error) {
    program = undefined;
    self.postMessage({ failed: error instanceof Error ? error.message : String(error) });
  }
};
