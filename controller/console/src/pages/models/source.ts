import type { components } from '../../api/schema';

export type SourceKind = 'oci' | 'https' | 'path';
type Source = components['schemas']['ImportSource'];

export interface SourceDraft { kind: SourceKind; address: string; sha256: string }

export function sourceOf({ kind, address, sha256 }: SourceDraft): Source {
  if (kind === 'oci') return { oci: { reference: address.trim().replace(/^oci:\/\//, '') } };
  if (kind === 'https') return { https: { url: address.trim(), sha256: sha256.trim() } };
  return { path: { path: address.trim() } };
}

/** How a source is written where there is room for one line. */
export function sourceText(source: Source): string {
  if ('oci' in source) return `oci://${source.oci.reference}`;
  return 'https' in source ? source.https.url : `path:${source.path.path}`;
}

export function sourceProblems({ kind, address, sha256 }: SourceDraft): { address?: string; sha256?: string } {
  const wrongAddress = !address.trim() ? 'Where is it?'
    : kind === 'oci' && !/@sha256:[0-9a-f]{64}$/.test(address.trim()) ? 'Name it by its digest: …@sha256: and 64 hex digits. A tag alone can be moved to something else'
      : kind === 'https' && !address.trim().startsWith('https://') ? 'An address that begins with https://' : undefined;
  const wrongDigest = kind === 'https' && !/^[0-9a-f]{64}$/.test(sha256.trim()) ? '64 hex digits' : undefined;
  return { ...(wrongAddress ? { address: wrongAddress } : {}), ...(wrongDigest ? { sha256: wrongDigest } : {}) };
}
