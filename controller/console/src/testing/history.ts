import type { History } from '../fleet/history';

/** Three steps in which nothing was reported, but for what is said. */
export function history(said: Partial<History>): History {
  const nothing = [null, null, null];
  return {
    start: '2026-11-30T09:00:00Z', step_s: 30, nodes: nothing, memory_total_bytes: nothing, memory_used_bytes: nothing, cpu_busy_percent: nothing,
    gpu_busy_percent: nothing, gpu_memory_total_bytes: nothing, gpu_memory_used_bytes: nothing, running: nothing, waiting: nothing,
    prompt_tokens_per_s: nothing, output_tokens_per_s: nothing, finished: nothing, failed: nothing, first_token_p50_ms: nothing, first_token_p95_ms: nothing,
    ...said,
  };
}
