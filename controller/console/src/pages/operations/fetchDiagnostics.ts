import { patientFetch } from '../../api/client';
import { problemOf, Unreachable } from '../../api/errors';

const PATH = '/api/v1/diagnostics';
const TYPE = 'application/gzip';
const NAME = 'cloister-diagnostics.tar.gz';

export interface Diagnostics {
  content: Blob;
  name: string;
}

/** The file as a whole. What is no such file is thrown, and never saved as if it were. */
export async function fetchDiagnostics(): Promise<Diagnostics> {
  const response = await patientFetch(new Request(new URL(PATH, location.origin), { cache: 'no-store' })).catch(unreached);
  if (!response.ok) throw problemOf(response, await response.json().catch(() => undefined));
  if (!response.headers.get('content-type')?.startsWith(TYPE)) throw new Error('Something between this browser and the controller answered in its place. Nothing was saved.');
  const content = await response.blob().catch(() => { throw new Error('The file broke off before its end. Nothing was saved.'); });
  return { content, name: nameIn(response.headers.get('content-disposition')) };
}

/** A download is not tried again by itself, as pages are. */
function unreached(error: unknown): never {
  throw error instanceof Unreachable ? new Error('The controller cannot be reached now. Nothing was saved.') : error;
}

/** The controller's name for the file, if it is a plain one. */
export function nameIn(disposition: string | null): string {
  return /filename="?([\w.-]+\.tar\.gz)"?(?:;|$)/.exec(disposition ?? '')?.[1] ?? NAME;
}
