import type { Deployment, DeploymentRevision } from '../../api/queries';
import { formatCount } from '../../design';
import { draftOf } from './intent';

/** What one change was about, a phrase each. `before` is the revision before it, if that is kept. */
export function changesOf(before: DeploymentRevision | undefined, after: DeploymentRevision): string[] {
  if (!before || before.revision + 1 !== after.revision) return [after.revision === 1 ? 'created' : 'what was before is not kept'];
  const told = fields(before, after).map(({ field, now, then }) => `${field}: ${now} to ${then}`);
  return [
    ...(after.returned_to == null ? [] : [`returned to revision ${after.returned_to}`]),
    ...(after.restarts === before.restarts ? [] : ['restarted']),
    ...told,
  ];
}

export interface FieldChange { field: string; now: string; then: string }

type Intent = Pick<Deployment, 'model_name' | 'model_digest' | 'replicas' | 'context_length' | 'max_sequences' | 'jurisdiction' | 'node_selector'>;

/** Where two intents differ: what it is, and what it would be. */
export function fields(now: Intent, then: Intent): FieldChange[] {
  const [before, after] = [shown(now), shown(then)];
  return Object.keys(before)
    .map((field) => ({ field, now: before[field] ?? '', then: after[field] ?? '' }))
    .filter(({ now: a, then: b }) => a !== b);
}

function shown(intent: Intent): Record<string, string> {
  const { model, replicas, contextLength, maxSequences, jurisdiction, selector } = draftOf({ ...intent, name: '' });
  return {
    Model: model, 'Model digest': short(intent.model_digest), Replicas: String(replicas), Context: `${formatCount(contextLength)} tokens`,
    'Sequences at once': String(maxSequences), Jurisdiction: jurisdiction || 'anywhere', 'Node labels': selector.replaceAll('\n', ' ') || 'any node',
  };
}

const short = (digest: string): string => digest.slice(0, 'sha256:'.length + 12);

/** Who made a change, by the name people know them by. */
export const madeBy = ({ actor_kind: kind, actor_id: id, actor_name: name }: DeploymentRevision): string =>
  kind === 'system' ? 'Cloister' : `${kind === 'api_key' ? 'API key ' : ''}${name ?? id}`;
