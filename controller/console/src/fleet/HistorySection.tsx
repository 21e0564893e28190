import type { UseQueryResult } from '@tanstack/react-query';
import { useMemo, type ReactNode } from 'react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import { useSearchParams } from 'react-router';
import { Chart, ErrorState, Section, Skeleton } from '../design';
import { charts, RANGES, times, type History, type Range } from './history';
import './history.css';

/** How far back is looked: part of the address, so that what one sees can be sent to somebody. */
export function useRange(): [Range, (range: Range) => void] {
  const [parameters, setParameters] = useSearchParams();
  const asked = RANGES.find(([range]) => range === parameters.get('range'));
  const choose = (range: Range) => setParameters((now) => {
    const next = new URLSearchParams(now);
    next.set('range', range);
    return next;
  }, { replace: true });
  return [asked?.[0] ?? '1h', choose];
}

export function HistorySection({ title, query, range, onRange }: { title: string; query: UseQueryResult<History>; range: Range; onRange: (range: Range) => void }) {
  return (
    <Section title={title} note="measured every 30 s" actions={<RangeChoice range={range} onRange={onRange} />}>
      <Charts query={query} />
    </Section>
  );
}

function Charts({ query: { data, error, refetch } }: { query: UseQueryResult<History> }): ReactNode {
  const shown = useMemo(() => (data ? { along: times(data), all: charts(data) } : undefined), [data]);
  if (shown) return <div className="charts">{shown.all.map((chart) => <Chart key={chart.title} along={shown.along} {...chart} />)}</div>;
  return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <Skeleton rows={12} label="Reading the history" />;
}

function RangeChoice({ range, onRange }: { range: Range; onRange: (range: Range) => void }) {
  return (
    <ToggleButtonGroup className="ranges" aria-label="How far back" selectionMode="single" disallowEmptySelection selectedKeys={[range]} onSelectionChange={([chosen]) => { const known = RANGES.find(([one]) => one === chosen); if (known) onRange(known[0]); }}>
      {RANGES.map(([id, name]) => <ToggleButton key={id} id={id} className="range">{name}</ToggleButton>)}
    </ToggleButtonGroup>
  );
}
