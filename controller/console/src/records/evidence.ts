import { patientFetch } from '../api/client';
import { problemOf } from '../api/errors';

/** Ids that one export may name, as the controller limits it. */
export const EXPORT_MOST = 1000;

/** Fetched and then saved, so that a refusal is told here instead of being saved as a file. */
export async function saveEvidence(ids: readonly string[]): Promise<void> {
  const [only] = ids;
  const path = ids.length === 1 && only ? `/api/v1/audit/records/${encodeURIComponent(only)}/evidence` : `/api/v1/audit/evidence?ids=${ids.map(encodeURIComponent).join(',')}`;
  const response = await patientFetch(new Request(path, { cache: 'no-store' }));
  if (!response.ok) throw problemOf(response, await response.json().catch(() => undefined));
  save(await response.blob(), fileName(ids));
}

export function fileName(ids: readonly string[]): string {
  return ids.length === 1 ? `cloister-${ids[0]}.evidence` : `cloister-${ids.length}-records.evidence`;
}

function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after this returns.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
