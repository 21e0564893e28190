import { patientFetch } from '../api/client';
import { problemOf } from '../api/errors';

/** Ids that one export may name, as the controller limits it. */
export const EXPORT_MOST = 1000;

/** Of these records; of the whole log if none is named. A refusal is thrown, and not taken for a file. */
export async function fetchEvidence(ids: readonly string[]): Promise<Blob> {
  const response = await patientFetch(new Request(pathOf(ids), { cache: 'no-store' }));
  if (!response.ok) throw problemOf(response, await response.json().catch(() => undefined));
  return response.blob();
}

function pathOf(ids: readonly string[]): string {
  const [only] = ids;
  if (!only) return '/api/v1/audit/evidence';
  if (ids.length === 1) return `/api/v1/audit/records/${encodeURIComponent(only)}/evidence`;
  return `/api/v1/audit/evidence?ids=${ids.map(encodeURIComponent).join(',')}`;
}

export async function saveEvidence(ids: readonly string[]): Promise<void> {
  saveFile(await fetchEvidence(ids), fileName(ids));
}

export function fileName(ids: readonly string[]): string {
  return ids.length === 1 ? `cloister-${ids[0]}.evidence` : `cloister-${ids.length}-records.evidence`;
}

/** Hands a file to whoever reads here. */
export function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after this returns.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
