import { patientFetch } from '../api/client';
import { problemOf } from '../api/errors';

/** The evidence of these records, of the whole log if none is named, as the bytes that an auditor would be handed. */
export async function fetchEvidence(ids: readonly string[]): Promise<Uint8Array> {
  const query = ids.length > 0 ? `?ids=${ids.map(encodeURIComponent).join(',')}` : '';
  const response = await patientFetch(new Request(new URL(`/api/v1/audit/evidence${query}`, location.origin), { cache: 'no-store' }));
  if (!response.ok) throw problemOf(response, await response.json().catch(() => undefined));
  return new Uint8Array(await response.arrayBuffer());
}
