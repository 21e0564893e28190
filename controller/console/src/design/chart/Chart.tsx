import { Table2 } from 'lucide-react';
import { lazy, Suspense, useId, useState, type KeyboardEvent } from 'react';
import { ToggleButton } from 'react-aria-components';
import { DataTable, type Column } from '../DataTable';
import { lastKnown, moved, type Unit, type Values } from './scale';
import './Chart.css';

// The library that draws is loaded with the first chart that is shown.
const Plot = lazy(() => import('./Plot'));

export interface Series {
  name: string;
  values: Values;
  /** Filled down to the axis. */
  area?: boolean;
}

export interface Along {
  /** One for each figure, growing. */
  at: readonly number[];
  /** What the axis is: seconds since 1970, or something that is counted. */
  kind: 'time' | 'count';
  /** The head of its column. */
  name: string;
  format: (at: number) => string;
}

export interface ChartProps {
  title: string;
  along: Along;
  /** One to three lines. */
  series: readonly Series[];
  unit: Unit;
  /** Said where there is no figure at all. */
  nothing?: string;
}

/** Lines over time or over a count. What can be pointed at can also be reached with keys, and read as a table. */
export function Chart({ title, along, series, unit, nothing = 'Nothing was measured in this time' }: ChartProps) {
  const [chosen, setChosen] = useState<number>();
  const [asTable, setAsTable] = useState(false);
  const captionId = useId();
  const last = lastKnown(series);
  const at = chosen === undefined || chosen >= along.at.length ? last : chosen;
  return (
    <figure className="chart" aria-labelledby={captionId}>
      <figcaption className="chart-head">
        <h3 id={captionId}>{title}</h3>
        <ToggleButton className="chart-as-table" isSelected={asTable} onChange={setAsTable} aria-label={`${title}: show as table`}><Table2 aria-hidden="true" /></ToggleButton>
      </figcaption>
      <Legend along={along} series={series} unit={unit} at={at} isChosen={chosen !== undefined} />
      {last < 0
        ? <p className="chart-plot chart-nothing soft">{nothing}</p>
        : <Surface title={title} along={along} series={series} unit={unit} at={at} chosen={chosen} onChoose={setChosen} />}
      {asTable ? <FigureTable title={title} along={along} series={series} unit={unit} /> : null}
    </figure>
  );
}

function Legend({ along, series, unit, at, isChosen }: Pick<ChartProps, 'along' | 'series' | 'unit'> & { at: number; isChosen: boolean }) {
  const where = along.at[at];
  return (
    <ul className="chart-legend" aria-hidden="true">
      {series.map(({ name, values }, line) => (
        <li key={name}><span className={`chart-key chart-line-${line}`} />{name}<b>{written(values[at], unit)}</b></li>
      ))}
      {isChosen && where !== undefined ? <li className="chart-where">{along.format(where)}</li> : null}
    </ul>
  );
}

type SurfaceProps = Pick<ChartProps, 'title' | 'along' | 'series' | 'unit'> & { at: number; chosen: number | undefined; onChoose: (at: number | undefined) => void };

function Surface({ title, along, series, unit, at, chosen, onChoose }: SurfaceProps) {
  const where = along.at[at];
  const read = (event: KeyboardEvent) => {
    const to = event.key === 'Escape' ? -1 : moved(event.key, at, along.at.length);
    if (to === undefined) return;
    event.preventDefault();
    onChoose(to < 0 ? undefined : to);
  };
  return (
    <div
      className="chart-plot" role="slider" tabIndex={0} aria-label={`${title}, at`} aria-valuemin={0} aria-valuemax={along.at.length - 1} aria-valuenow={at}
      aria-valuetext={where === undefined ? 'nothing' : `${along.format(where)}: ${series.map(({ name, values }) => `${name} ${written(values[at], unit)}`).join(', ')}`}
      onKeyDown={read} onBlur={() => onChoose(undefined)}
    >
      <Suspense fallback={null}><Plot along={along} series={series} unit={unit} chosen={chosen} onChoose={onChoose} /></Suspense>
    </div>
  );
}

function FigureTable({ title, along, series, unit }: Pick<ChartProps, 'title' | 'along' | 'series' | 'unit'>) {
  const rows = along.at.map((_, at) => at).toReversed();
  const columns: Column<number>[] = [
    { id: 'at', title: along.name, cell: (at) => along.format(along.at[at] ?? 0) },
    ...series.map(({ name, values }): Column<number> => ({ id: name, title: name, align: 'end', cell: (at) => written(values[at], unit) })),
  ];
  return <div className="chart-table"><DataTable label={title} rows={rows} columns={columns} rowKey={String} isBounded /></div>;
}

/** A gap is said to be one. */
function written(value: number | null | undefined, unit: Unit): string {
  return value == null ? 'not known' : unit.format(value);
}
