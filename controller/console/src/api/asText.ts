import { plain } from '../design/format';

/** What is shown byte for byte; whoever shows it makes its marks visible. */
const EXACT = 'leaf_json';

/**
 * An answer whose texts do nothing to the page but be read: marks that reorder, hide or control text are spelt out, in
 * one place and for every page. Names that the API allows have none, so what is sent back is what came.
 */
export function asText<T>(answer: T): T {
  return walk(answer) as T;
}

function walk(value: unknown): unknown {
  if (typeof value === 'string') return plain(value);
  if (Array.isArray(value)) return value.map(walk);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [plain(name), name === EXACT ? inner : walk(inner)]));
}
