import type { Deployment, DeployRequest } from '../../api/queries';

/** An intent as it stands in a form: what was typed, right or not. */
export interface Draft {
  name: string;
  model: string;
  replicas: number;
  contextLength: number;
  maxSequences: number;
  jurisdiction: string;
  /** One `key=value` in a line. */
  selector: string;
  /** Of a new one; empty: the fleet itself, or the tenant of whoever makes it. */
  tenant: string;
}

export const blank: Draft = { name: '', model: '', replicas: 1, contextLength: 0, maxSequences: 0, jurisdiction: '', selector: '', tenant: '' };

export function draftOf(deployment: Pick<Deployment, 'name' | 'model_name' | 'replicas' | 'context_length' | 'max_sequences' | 'jurisdiction' | 'node_selector' | 'tenant'>): Draft {
  return {
    name: deployment.name,
    model: deployment.model_name,
    replicas: deployment.replicas,
    contextLength: deployment.context_length,
    maxSequences: deployment.max_sequences,
    jurisdiction: deployment.jurisdiction,
    selector: Object.entries(deployment.node_selector).map(([key, value]) => `${key}=${value}`).join('\n'),
    tenant: deployment.tenant ?? '',
  };
}

/** Where there is one model, there is nothing to choose. */
export function withOnlyModel(draft: Draft, models: readonly { name: string }[]): Draft {
  const [only] = models;
  return draft.model || models.length !== 1 || !only ? draft : { ...draft, model: only.name };
}

const lines = (selector: string): string[] => selector.split('\n').map((line) => line.trim()).filter(Boolean);

export function requestOf(draft: Draft): DeployRequest {
  return {
    model: draft.model,
    replicas: draft.replicas,
    context_length: draft.contextLength,
    max_sequences: draft.maxSequences,
    jurisdiction: draft.jurisdiction.trim(),
    node_selector: Object.fromEntries(lines(draft.selector).map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    })),
    ...(draft.tenant ? { tenant: draft.tenant } : {}),
  };
}

export type DraftProblems = Partial<Record<keyof Draft, string>>;

/** What can be seen to be wrong without asking. The controller decides. */
export function draftProblems(draft: Draft): DraftProblems {
  const found: DraftProblems = {};
  if (!/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/.test(draft.name)) found.name = 'Up to 63 small letters, digits, dots and dashes; a letter or digit at both ends';
  if (!draft.model) found.model = 'Choose a model';
  if (draft.jurisdiction.trim() && !/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/.test(draft.jurisdiction.trim())) found.jurisdiction = 'A country such as DE, or a part of one such as DE-HE';
  if (lines(draft.selector).some((line) => line.indexOf('=') < 1)) found.selector = 'One key=value in a line';
  return found;
}

const FIELDS: readonly [keyof Draft, string][] = [
  ['model', 'Model'], ['replicas', 'Replicas'], ['contextLength', 'Context'], ['maxSequences', 'Sequences at once'],
  ['jurisdiction', 'Jurisdiction'], ['selector', 'Node labels'],
];

export interface Difference { field: string; before: string; theirs: string; yours: string; clash: boolean }

/** Three versions side by side, where any differ. A clash: both changed the same, to different ends. */
export function differences(before: Draft, theirs: Draft, yours: Draft): Difference[] {
  return FIELDS.map(([key, field]) => {
    const [b, t, y] = [before, theirs, yours].map((draft) => String(draft[key])) as [string, string, string];
    return { field, before: b, theirs: t, yours: y, clash: t !== b && y !== b && t !== y };
  }).filter(({ before: b, theirs: t, yours: y }) => t !== b || y !== b);
}

/** Your changes, and theirs where you changed nothing. */
export function merged(before: Draft, theirs: Draft, yours: Draft): Draft {
  const result: Draft = { ...theirs };
  const keep = <K extends keyof Draft>(key: K) => { if (yours[key] !== before[key]) result[key] = yours[key]; };
  for (const [key] of FIELDS) keep(key);
  return result;
}
