import type { Model } from '../api/queries';
import { Badge, type Tone } from '../design';

const TONES: Readonly<Record<Model['approval'], Tone>> = { waiting: 'warn', approved: 'ok', retired: 'off' };

/** Whether a model may be deployed. */
export function ApprovalBadge({ of: { approval } }: { of: Pick<Model, 'approval'> }) {
  return <Badge tone={TONES[approval]}>{approval}</Badge>;
}
