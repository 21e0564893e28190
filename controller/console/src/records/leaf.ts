/** What a record says, as far as this console reads it. It is text from outside: nothing in it is taken on trust. */
export interface Leaf {
  kind?: string;
  outcome?: string;
  actor?: { kind?: string; id?: string; name?: string; address?: string };
  subject?: { kind?: string; id?: string; name?: string };
  tenant?: string;
  intent?: string;
  inference?: Inference;
  change?: Record<string, unknown>;
  reason?: string;
}

export interface Inference {
  deployment?: string;
  model_name?: string;
  model_digest?: string;
  node_id?: string;
  replica_id?: string;
  params?: Record<string, unknown>;
  prompt_tokens?: number;
  output_tokens?: number;
  finish?: string;
  time_to_first_token_us?: number;
  total_time_us?: number;
}

/** An unreadable leaf says nothing; its text is shown as it is. */
export function readLeaf(json: string): Leaf {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Every field with its path, in the order of the record: `actor.name`, `inference.params.seed`. */
export function fieldsOf(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([name, inner]) => fieldsOf(inner, path ? `${path}.${name}` : name));
  }
  return [[path, typeof value === 'string' ? value : JSON.stringify(value)]];
}
