import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { ChartProps } from './Chart';
import { alone, highest, marks, timeMark, type Unit } from './scale';

type PlotProps = Pick<ChartProps, 'along' | 'series' | 'unit'> & { chosen: number | undefined; onChoose: (at: number | undefined) => void };

/** Lines are told apart by how they are drawn, too. */
const DASHES: readonly (number[] | undefined)[] = [undefined, [5, 4], [1, 3]];
const AXIS_PX = { x: 22, y: 62 } as const;
const FONT = '11px ui-sans-serif, system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif';

/** The part that is drawn. All that it says is also in the document, around it. */
export default function Plot({ along, series, unit, chosen, onChoose }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const scale = useRef<number[]>([0, 1]);
  const choose = useRef(onChoose);
  choose.current = onChoose;
  const shape = `${along.kind} ${series.map(({ name, area }) => `${name}/${area}`).join()} ${unit.base}`;
  scale.current = marks(highest(series), unit);
  const data = [along.at, ...series.map(({ values }) => values)] as uPlot.AlignedData;

  useEffect(() => {
    const element = box.current;
    if (!element || !canDraw()) return;
    const options = { ...size(element), ...drawing(element, along.kind, series, unit, scale), hooks: { setCursor: [pointed(choose)] } };
    const made = new uPlot(options, data, element);
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize(size(element)));
    watcher.observe(element);
    const forget = onTheme(() => made.redraw(false));
    return () => { forget(); watcher.disconnect(); made.destroy(); plot.current = undefined; };
    // Only another kind of chart is made anew; other figures go into the one there is, below.
  }, [shape]);

  useEffect(() => { plot.current?.setData(data); }, [along.at, series]);

  useEffect(() => {
    const made = plot.current;
    const where = chosen === undefined ? undefined : along.at[chosen];
    // A pointer leads the crosshair by itself; keys do it here.
    const byKeys = box.current?.closest('[role=slider]')?.matches(':focus');
    if (!made || (where !== undefined && !byKeys)) return;
    made.setCursor(where === undefined ? { left: -10, top: -10 } : { left: made.valToPos(where, 'x'), top: 0 }, false);
  }, [chosen, along.at]);

  return <div ref={box} className="chart-canvas" aria-hidden="true" />;
}

const canDraw = (): boolean => document.createElement('canvas').getContext('2d') !== null;

const size = (element: HTMLElement): { width: number; height: number } => ({ width: Math.max(120, element.clientWidth), height: element.clientHeight || 160 });

/** Where the pointer is, as a place among the figures; nowhere once it left. */
function pointed(choose: { current: (at: number | undefined) => void }) {
  return (made: uPlot) => {
    if (!made.cursor.event) return;
    choose.current(made.cursor.idx ?? undefined);
  };
}

function drawing(element: HTMLElement, kind: ChartProps['along']['kind'], series: ChartProps['series'], unit: Unit, scale: { current: number[] }): Omit<uPlot.Options, 'width' | 'height'> {
  const look = (line: number): string => colour(element.closest('.chart')?.querySelector(`.chart-line-${line}`) ?? element);
  const axis = { font: FONT, stroke: () => colour(element), grid: { stroke: () => getComputedStyle(element).borderTopColor, width: 1 }, ticks: { show: false } };
  return {
    padding: [6, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: kind === 'time' }, y: { range: () => [0, scale.current.at(-1) ?? 1] } },
    axes: [
      { ...axis, grid: { show: false }, size: AXIS_PX.x, gap: 4, space: 64, values: (_, splits, __, ___, apart) => splits.map((at) => (kind === 'time' ? timeMark(new Date(at * 1000), apart) : at.toLocaleString('en'))) },
      { ...axis, size: AXIS_PX.y, gap: 6, splits: () => scale.current, values: (_, splits) => splits.map((value) => unit.format(value).replace(/\.0(?= )/, '')) },
    ],
    series: [{}, ...series.map((_, line) => lineOf(line, series[line]?.area ?? false, () => look(line)))],
  };
}

function lineOf(line: number, area: boolean, look: () => string): uPlot.Series {
  const dash = DASHES[line];
  return {
    stroke: look, width: 1.5, pxAlign: 0,
    ...(dash ? { dash } : {}),
    ...(area ? { fill: () => faint(look()) } : {}),
    points: { show: true, size: 4, filter: (made, index) => alone(made.data[index] as (number | null)[]) },
  };
}

/** What the design's tokens come to in the theme that is shown. */
const colour = (element: Element): string => getComputedStyle(element).color;

const faint = (rgb: string): string => rgb.replace(/^rgba?\((\d+),\s*(\d+),\s*(\d+).*$/, 'rgba($1, $2, $3, 0.16)');

function onTheme(redraw: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const chosen = new MutationObserver(redraw);
  chosen.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  system.addEventListener('change', redraw);
  return () => { chosen.disconnect(); system.removeEventListener('change', redraw); };
}
