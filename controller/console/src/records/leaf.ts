import { visible } from '../design';

/** What a record says, as far as this console reads it. It is text from outside: nothing in it is taken on trust. */
export interface Leaf {
  seq: number;
  id: string;
  time: string;
  log: string;
  boot: string;
  kind: string;
  outcome: string;
  actor: { kind: string; id: string; name?: string; address?: string };
  subject?: { kind: string; id: string; name?: string };
  intent?: string;
  inference?: Inference;
  change?: Record<string, unknown>;
  reason?: string;
}

export interface Inference {
  operation: string;
  protocol: string;
  deployment: string;
  model_name: string;
  model_digest: string;
  node_id?: string;
  replica_id?: string;
  params: Record<string, unknown>;
  prompt_commitment: string;
  output_commitment?: string;
  prompt_tokens?: number;
  output_tokens?: number;
  finish?: string;
  numerics_contract?: string;
  time_to_first_token_us?: number;
  total_time_us?: number;
  trace_id?: string;
}

/** The leaf of a record; nothing if it is not one. */
export function parseLeaf(json: string): Leaf | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const isLeaf = typeof value === 'object' && value !== null && 'actor' in value && 'kind' in value && 'outcome' in value;
    return isLeaf ? (value as Leaf) : undefined;
  } catch {
    return undefined;
  }
}

/** Every field with its path, in the order of the record: `actor.name`, `inference.params.seed`. */
export function fieldsOf(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([name, inner]) => fieldsOf(inner, path ? `${path}.${name}` : name));
  }
  return [[visible(path), visible(typeof value === 'string' ? value : JSON.stringify(value))]];
}
