import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { client, take } from '../api/client';
import { measured } from '../api/live';
import type { components } from '../api/schema';
import { formatBytes, formatCount, formatDuration, timeOf, type Along, type Series, type Unit } from '../design';

export type History = components['schemas']['History'];

export const RANGES = [['1h', 'Hour'], ['24h', 'Day'], ['30d', '30 days']] as const;
export type Range = (typeof RANGES)[number][0];

// While another range is read, the one before stays: the page does not jump.
export const nodeHistory = (id: string, range: Range) => queryOptions({
  queryKey: ['nodes', id, 'history', range],
  queryFn: () => take(client.GET('/api/v1/nodes/{node}/history', { params: { path: { node: id }, query: { range } } })),
  placeholderData: keepPreviousData, ...measured,
});

export const fleetHistory = (range: Range) => queryOptions({
  queryKey: ['fleet', 'history', range],
  queryFn: () => take(client.GET('/api/v1/fleet/history', { params: { query: { range } } })),
  placeholderData: keepPreviousData, ...measured,
});

export interface HistoryChart {
  title: string;
  series: readonly Series[];
  unit: Unit;
  nothing?: string;
}

const bytes: Unit = { base: 1024, format: formatBytes, least: 1024 ** 2 };
const percent: Unit = { base: 10, format: (value) => `${Number(value.toFixed(1))} %`, least: 100 };
const perSecond: Unit = { base: 10, format: (value) => `${Number(value.toFixed(value < 10 ? 2 : 1)).toLocaleString('en')}/s`, least: 1 };
const count: Unit = { base: 10, format: formatCount, least: 1, whole: true };
const milliseconds: Unit = { base: 10, format: (value) => formatDuration(value / 1000), least: 10 };

const isKnown = (values: readonly unknown[]): boolean => values.some((value) => value != null);

/** What is drawn of a history. Of what no agent ever reported there is no chart. */
export function charts(history: History): HistoryChart[] {
  const gpus = isKnown(history.gpu_busy_percent) ? [line('GPUs', history.gpu_busy_percent)] : [];
  const memory: HistoryChart = { title: 'Memory', unit: bytes, series: [line('in use', history.memory_used_bytes, true), line('in all', history.memory_total_bytes)] };
  const gpuMemory: HistoryChart = { title: 'GPU memory', unit: bytes, series: [line('in use', history.gpu_memory_used_bytes, true), line('in all', history.gpu_memory_total_bytes)] };
  return [
    { title: 'Tokens', unit: perSecond, series: [line('decoded', history.output_tokens_per_s, true), line('prompts', history.prompt_tokens_per_s)] },
    { title: 'Sequences at once, at most', unit: count, series: [line('decoded', history.running, true), line('waiting', history.waiting)] },
    { title: 'Time to the first token', unit: milliseconds, nothing: 'No answer began in this time', series: [line('half within', history.first_token_p50_ms), line('95 % within', history.first_token_p95_ms)] },
    { title: `Inferences in ${formatDuration(history.step_s)}`, unit: count, series: [line('answered', history.finished, true), line('failed', history.failed)] },
    memory,
    { title: 'Processors busy', unit: percent, series: [line('CPU', history.cpu_busy_percent, true), ...gpus] },
    ...(isKnown(history.gpu_memory_total_bytes) ? [gpuMemory] : []),
  ];
}

function line(name: string, values: readonly (number | null | undefined)[], area = false): Series {
  return { name, values: values.map((value) => value ?? null), area };
}

/** When each figure of a history begins. */
export function times({ start, step_s: step, nodes }: History): Along {
  const from = Date.parse(start) / 1000;
  return { kind: 'time', name: 'From', format: timeOf, at: nodes.map((_, at) => from + at * step) };
}

/** The newest figure, if it is from the last two steps: older ones are not how things are now. */
export function newest(values: readonly (number | null | undefined)[]): number | undefined {
  return values.slice(-3).findLast((value) => value != null) ?? undefined;
}

export const formatRate = perSecond.format;
