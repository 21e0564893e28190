import { formatCount, formatDuration, visible } from '../design/format';
import { DEEDS, UNNAMED } from './kinds';
import type { Inference, Leaf } from './leaf';

/** One record in one sentence, without its time and its full stop. */
export function sentence(kind: string, leaf: Leaf | undefined): string {
  const deed = DEEDS[kind];
  const subject = subjectName(kind, leaf);
  if (!deed) return `${actorName(leaf)}: ${visible(kind)}${subject ? `, ${subject}` : ''}`;
  if (kind === 'deployment.changed') return `${actorName(leaf)} ${changedHow(leaf?.change ?? {}, subject)}`;
  const asRecorded = kind === 'access.denied' ? deniedWhat(leaf) : subject;
  return [actorName(leaf), deed, UNNAMED.has(kind) ? '' : asRecorded].filter(Boolean).join(' ');
}

/** A deployment changes by being edited, restarted, or returned to what it was. */
function changedHow(change: Record<string, unknown>, name: string): string {
  if (change['returned_to'] !== undefined) return `returned the deployment ${name} to revision ${plainValue(change['returned_to'])}`;
  return `${change['restarts'] === undefined ? 'changed' : 'restarted'} the deployment${name ? ` ${name}` : ''}`;
}

function deniedWhat(leaf: Leaf | undefined): string {
  const action = leaf?.change?.['action'];
  return typeof action === 'string' ? visible(action) : 'access';
}

/** What it was done to, by the name people know it by. */
export function subjectName(kind: string, leaf: Leaf | undefined): string {
  const subject = leaf?.subject;
  // What is asked is a deployment; the subject's name is that of its model.
  const name = kind.startsWith('inference.') ? (leaf?.inference?.deployment ?? subject?.id) : (subject?.name ?? subject?.id);
  return visible(name ?? '');
}

const ACTORS: Readonly<Record<string, string>> = { api_key: 'API key ', node: 'Node ' };

export function actorName(leaf: Leaf | undefined): string {
  const actor = leaf?.actor;
  if (!actor) return 'Somebody';
  if (actor.kind === 'system') return 'Cloister';
  if (actor.kind === 'anonymous') return 'Somebody not signed in';
  return `${ACTORS[actor.kind ?? ''] ?? ''}${visible(actor.name ?? actor.id ?? 'Somebody')}`;
}

/** The rest of what a record says, a sentence each. */
export function details(leaf: Leaf): string[] {
  return [
    ...(leaf.actor?.address ? [`The call came from ${visible(leaf.actor.address)}.`] : []),
    ...(leaf.tenant ? [`It is the affair of the tenant ${visible(leaf.tenant)}.`] : []),
    ...(leaf.inference ? ofInference(leaf.inference) : []),
    ...(leaf.reason ? [`Reason: ${visible(leaf.reason).replaceAll('_', ' ')}.`] : []),
  ];
}

function ofInference(inference: Inference): string[] {
  const { params = {}, prompt_tokens: read, output_tokens: wrote } = inference;
  const most = params['max_tokens'] === 0 ? 'as many tokens as fit' : `at most ${plainValue(params['max_tokens'])} tokens`;
  return [
    `The model was ${visible(inference.model_name ?? 'unknown')}, with temperature ${plainValue(params['temperature'])}, top p ${plainValue(params['top_p'])}, seed ${plainValue(params['seed'])}, ${most}.`,
    ...(read !== undefined && wrote !== undefined ? [`It read ${formatCount(read)} tokens and wrote ${formatCount(wrote)}.`] : []),
    ...(inference.node_id ? [`It ran on node ${visible(inference.node_id)}, replica ${visible(inference.replica_id ?? 'unknown')}.`] : []),
    ...(inference.total_time_us === undefined ? [] : [ended(inference, inference.total_time_us)]),
    'Neither prompt nor answer is on record: only commitments to them, with which whoever has the text can prove it.',
  ];
}

const FINISHES: Readonly<Record<string, string>> = {
  stop: 'The model ended it', length: 'It ended at the limit of tokens', cancelled: 'It was cancelled by whoever asked',
};

function ended({ finish, time_to_first_token_us: first }: Inference, total: number): string {
  const how = FINISHES[finish ?? ''] ?? 'It ended';
  return `${how} after ${formatDuration(total / 1e6)}${first === undefined ? '' : `, the first token after ${formatDuration(first / 1e6)}`}.`;
}

/** What changed, field by field, as text. */
export function changes(leaf: Leaf): [field: string, value: string][] {
  return Object.entries(leaf.change ?? {}).map(([field, value]) => [visible(field).replaceAll('_', ' '), value === '' ? 'empty' : plainValue(value)]);
}

const plainValue = (value: unknown): string => visible(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'unknown'));
