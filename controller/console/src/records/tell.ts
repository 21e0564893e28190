import { formatCount, formatDuration, visible } from '../design';
import { VERBS } from './kinds';
import type { Inference, Leaf } from './leaf';

const ENDINGS: Readonly<Record<string, string>> = { failure: ', which failed', denied: ', which was denied' };

/** Who did what, in one sentence. */
export function sentence(leaf: Leaf): string {
  const verb = VERBS[leaf.kind] ?? `did “${visible(leaf.kind)}”`;
  const subject = leaf.subject && mentionsSubject(leaf) ? ` ${subjectName(leaf.subject)}` : '';
  return `${actorName(leaf.actor)} ${verb}${subject}${ENDINGS[leaf.outcome] ?? ''}.`;
}

/** What an inference is about stands in its own sentences; who reads the log need not be told its name each time. */
function mentionsSubject({ kind, inference }: Leaf): boolean {
  return !inference && kind !== 'audit.exported' && kind !== 'fleet.created' && !kind.startsWith('controller.');
}

/** The rest of what a record says, a sentence each. */
export function details(leaf: Leaf): string[] {
  return [
    ...(leaf.inference ? ofInference(leaf.inference) : []),
    ...(leaf.intent ? [`It closes the request recorded as ${visible(leaf.intent)}.`] : []),
    ...Object.entries(leaf.change ?? {}).map(([field, value]) => `${visible(field)}: ${plainValue(value)}`),
    ...(leaf.reason ? [`Reason: ${visible(leaf.reason)}.`] : []),
  ];
}

function ofInference(inference: Inference): string[] {
  const { params } = inference;
  const asked = params['max_tokens'] === 0 ? 'as many tokens as fit' : `at most ${plainValue(params['max_tokens'])} tokens`;
  return [
    `Model ${visible(inference.model_name)}, deployment ${visible(inference.deployment)}, ${visible(inference.operation)} over ${visible(inference.protocol)}.`,
    inference.prompt_tokens === undefined ? 'Bound to its prompt by a salted commitment.' : `The prompt had ${tokens(inference.prompt_tokens)}.`,
    ...(inference.output_commitment ? [`The answer had ${tokens(inference.output_tokens)}.`] : []),
    ...(inference.node_id ? [`It ran on node ${visible(inference.node_id)}, replica ${visible(inference.replica_id ?? 'unknown')}.`] : []),
    ...(inference.finish ? [ended(inference)] : []),
    `Sampling: temperature ${plainValue(params['temperature'])}, top p ${plainValue(params['top_p'])}, seed ${plainValue(params['seed'])}, ${asked}.`,
  ];
}

const FINISHES: Readonly<Record<string, string>> = {
  stop: 'The model ended it', length: 'It ended at the limit of tokens', cancelled: 'It was cancelled by whoever asked',
};

function ended({ finish = '', total_time_us: total, time_to_first_token_us: first }: Inference): string {
  const how = FINISHES[finish] ?? `It ended with “${visible(finish)}”`;
  const time = total === undefined ? '' : ` after ${formatDuration(total / 1e6)}`;
  return `${how}${time}${first === undefined ? '' : `, the first token after ${formatDuration(first / 1e6)}`}.`;
}

const tokens = (count: number | undefined): string => (count === undefined ? 'an unknown number of tokens' : `${formatCount(count)} ${count === 1 ? 'token' : 'tokens'}`);

const plainValue = (value: unknown): string => visible(typeof value === 'string' ? value : JSON.stringify(value) ?? 'unknown');

const ACTORS: Readonly<Record<string, string>> = { api_key: 'API key', account: 'Account', node: 'Node' };

export function actorName(actor: Leaf['actor']): string {
  if (actor.kind === 'system') return 'The controller itself';
  if (actor.kind === 'anonymous') return `Somebody not signed in${actor.address ? ` from ${visible(actor.address)}` : ''}`;
  return `${ACTORS[actor.kind] ?? visible(actor.kind)} ${visible(actor.name ?? actor.id)}`;
}

function subjectName({ kind, id, name }: NonNullable<Leaf['subject']>): string {
  // "created an account: weber", not "created an account: account weber".
  return kind === 'session' ? visible(id) : visible(name ?? id);
}
