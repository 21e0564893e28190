import { ConsoleStdout, File, OpenFile, PreopenDirectory, WASI } from '@bjorn3/browser_wasi_shim';
import { parseVerdict, type Verdict } from './verdict';

/**
 * Runs `cloister-audit`, the auditor's own program, over evidence that is in memory. It gets one file and two
 * streams; nothing that it could ask the network or the server with.
 */
export async function runVerifier(program: WebAssembly.Module, evidence: Uint8Array, key: string): Promise<Verdict> {
  const said = { out: '', err: '' };
  const collect = (stream: 'out' | 'err') => ConsoleStdout.lineBuffered((line) => {
    said[stream] += `${line}\n`;
  });
  const files = new PreopenDirectory('/evidence', new Map([['file', new File(evidence, { readonly: true })]]));
  const streams = [new OpenFile(new File([])), collect('out'), collect('err'), files];
  const wasi = new WASI(['cloister-audit', 'verify', '/evidence/file', '--key', key, '--output', 'json'], [], streams);
  const instance = await WebAssembly.instantiate(program, { wasi_snapshot_preview1: wasi.wasiImport });
  wasi.start(instance as Parameters<WASI['start']>[0]);
  return parseVerdict(said.out, said.err);
}
