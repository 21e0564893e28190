import { useMemo } from 'react';
import type { ModelDetail } from '../../api/queries';
import { Chart, formatBytes, formatCount, type Unit } from '../../design';

const PARTS = 32;
const bytes: Unit = { base: 1024, format: formatBytes, least: 1024 };

/** Weights below, KV cache on top, up to the longest context. */
export function MemoryByContext({ facts }: { facts: ModelDetail['facts'] }) {
  const { weights_bytes: weights, kv_bytes_per_token: perToken, context_length: longest } = facts;
  const shown = useMemo(() => {
    const at = [...new Set(Array.from({ length: PARTS + 1 }, (_, part) => Math.round((longest * part) / PARTS)))];
    return {
      along: { kind: 'count', name: 'Context, tokens', at, format: (tokens: number) => `${formatCount(tokens)} tokens` } as const,
      series: [{ name: 'weights and KV cache', area: true, values: at.map((tokens) => weights + perToken * tokens) }, { name: 'weights', values: at.map(() => weights) }],
    };
  }, [weights, perToken, longest]);
  if (weights + perToken * longest === 0 || longest === 0) return null;
  return <div className="memory-chart"><Chart title="By context length in tokens" unit={bytes} {...shown} /></div>;
}
