import { formatCount, formatDuration } from '../../design/format';

/** What a record says, as far as this console reads it. A record may say more; its text is shown whole. */
export interface Leaf {
  actor?: { kind?: string; id?: string; name?: string; address?: string };
  subject?: { kind?: string; id?: string; name?: string };
  outcome?: string;
  intent?: string;
  change?: Record<string, unknown>;
  inference?: Record<string, unknown>;
}

export function readLeaf(json: string): Leaf {
  try {
    return JSON.parse(json) as Leaf;
  } catch {
    return {};
  }
}

/** What was done, by kind of record, with the subject where it reads best. */
const DEEDS: Readonly<Record<string, string>> = {
  'fleet.created': 'created the fleet', 'controller.started': 'started a controller', 'controller.stopped': 'stopped a controller',
  'signer.trusted': 'trusted the signer', 'signer.revoked': 'revoked the signer',
  'trust_policy.created': 'created the trust policy', 'trust_policy.changed': 'changed the trust policy', 'trust_policy.removed': 'removed the trust policy',
  'model.imported': 'imported the model', 'model.refused': 'tried to import a model that was refused:', 'model.removed': 'removed the model',
  'deployment.created': 'created the deployment', 'deployment.changed': 'changed the deployment', 'deployment.removed': 'removed the deployment',
  'placement.changed': 'changed the placement of', 'node.token_created': 'created a join token', 'node.enrolled': 'enrolled the node',
  'node.enrolment_refused': 'tried to enrol a node and was refused', 'node.certificate_renewed': 'renewed the certificate of', 'node.revoked': 'revoked the node',
  'key.created': 'created the API key', 'key.revoked': 'revoked the API key', 'access.denied': 'was denied', 'audit.exported': 'exported evidence',
  'inference.requested': 'asked', 'inference.completed': 'got an answer from', 'inference.interrupted': 'got no whole answer from', 'inference.denied': 'was denied an answer by',
};

export const KINDS = Object.keys(DEEDS);

/** Subjects whose name adds nothing to what was done. */
const UNNAMED = new Set(['fleet.created', 'controller.started', 'controller.stopped', 'node.token_created', 'audit.exported']);

export function actorName({ actor }: Leaf): string {
  if (!actor) return 'Somebody';
  if (actor.kind === 'system') return 'Cloister';
  if (actor.kind === 'anonymous') return actor.id === 'join-token' ? 'A join token' : 'Somebody without a key';
  return actor.name ?? actor.id ?? actor.kind ?? 'Somebody';
}

/** What it was done to. Of an inference the id is the deployment that was asked, and the name its model's. */
export function subjectName(kind: string, { subject }: Leaf): string | undefined {
  return kind.startsWith('inference.') ? subject?.id : (subject?.name ?? subject?.id);
}

/** One record in one sentence, without its time. */
export function sentence(kind: string, leaf: Leaf): string {
  const deed = DEEDS[kind];
  const subject = subjectName(kind, leaf);
  if (!deed) return `${actorName(leaf)}: ${kind}${subject ? `, ${subject}` : ''}`;
  return [actorName(leaf), deed, UNNAMED.has(kind) ? '' : (subject ?? '')].filter(Boolean).join(' ');
}

/** Further sentences about an answer: how much, how long, by what. */
export function answerSentences({ inference }: Leaf): string[] {
  if (!inference) return [];
  const number = (name: string) => (typeof inference[name] === 'number' ? inference[name] : undefined);
  const [prompt, output, total, first] = ['prompt_tokens', 'output_tokens', 'total_time_us', 'time_to_first_token_us'].map(number);
  return [
    prompt !== undefined && output !== undefined ? `It read ${formatCount(prompt)} tokens and wrote ${formatCount(output)}.` : '',
    total !== undefined ? `That took ${formatDuration(total / 1e6)}${first !== undefined ? `, the first token ${formatDuration(first / 1e6)}` : ''}.` : '',
    typeof inference['model_name'] === 'string' ? `The model was ${inference['model_name']}.` : '',
    'Neither prompt nor answer is on record: only commitments to them, with which whoever has the text can prove it.',
  ].filter(Boolean);
}

/** What changed, field by field, as text. */
export function changes({ change }: Leaf): [field: string, value: string][] {
  return Object.entries(change ?? {}).map(([field, value]) => [
    field.replaceAll('_', ' '), typeof value === 'object' ? JSON.stringify(value) : String(value === '' ? 'empty' : value),
  ]);
}
