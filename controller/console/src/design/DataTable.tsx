import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { memo, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { sorted, turned, type SortOrder, type SortValue } from './sorting';
import './DataTable.css';

export interface Column<Row> {
  id: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** What it is ordered by; a column without cannot be ordered by. */
  sort?: (row: Row) => SortValue;
  align?: 'end';
  /** Left out where there is little room. */
  wideOnly?: boolean;
  width?: string;
}

export interface DataTableProps<Row> {
  label: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  initialSort?: SortOrder;
  /** It scrolls by itself, within the height that is set around it. */
  isBounded?: boolean;
}

/** From here on only the rows in view are in the document. */
const VIRTUAL_FROM = 150;
/** Until the first row was measured. */
const ROW_PX = 36;

export function DataTable<Row>({ label, rows, columns, rowKey, initialSort, isBounded = false }: DataTableProps<Row>) {
  const [order, setOrder] = useState<SortOrder | undefined>(initialSort);
  const by = columns.find((column) => column.id === order?.column)?.sort;
  const shown = useMemo(() => (by && order ? sorted(rows, by, order.descending) : rows), [rows, by, order]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = shown.length >= VIRTUAL_FROM;
  const rowPx = useRef(ROW_PX);
  const scrolls = virtual || isBounded;
  const window = useVirtualizer({
    count: virtual ? shown.length : 0, getScrollElement: () => scroller.current, estimateSize: () => rowPx.current, overscan: 12,
  });
  const items = window.getVirtualItems();
  const hasRows = items.length > 0;
  // Most rows are as high as the first; text that wraps makes one higher. A row that is not as high as was thought moves
  // all below it, which costs more the longer the table is: wrong about none but a few, scrolling is smooth.
  useLayoutEffect(() => {
    const row = scroller.current?.querySelector<HTMLElement>('tr[data-index]');
    if (!hasRows || !row?.offsetHeight || row.offsetHeight === rowPx.current) return;
    rowPx.current = row.offsetHeight;
    window.measure();
  }, [hasRows, window]);
  const first = virtual ? (items[0]?.index ?? 0) : 0;
  const last = virtual ? (items.at(-1)?.index ?? -1) : shown.length - 1;
  return (
    <div ref={scroller} className={scrolls ? 'table-scroll table-tall' : 'table-scroll'} tabIndex={scrolls ? 0 : undefined} role={scrolls ? 'region' : undefined} aria-label={scrolls ? label : undefined}>
      <table className="table" aria-label={label} aria-rowcount={shown.length + 1}>
        <thead><tr>{columns.map((column) => <HeadCell key={column.id} column={column} order={order} onTurn={setOrder} />)}</tr></thead>
        <tbody onKeyDown={moveBetweenRows}>
          <Spacer pixels={items[0]?.start ?? 0} span={columns.length} />
          {shown.slice(first, last + 1).map((row, at) => (
            <BodyRow key={rowKey(row)} row={row} columns={columns} index={first + at} measure={virtual ? window.measureElement : undefined} />
          ))}
          <Spacer pixels={virtual ? window.getTotalSize() - (items.at(-1)?.end ?? 0) : 0} span={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

interface BodyRowProps<Row> {
  row: Row;
  columns: readonly Column<Row>[];
  index: number;
  measure: ((element: Element | null) => void) | undefined;
}

/** Rendered again only for another row, so that scrolling costs what comes into view and no more. */
const BodyRow = memo(function BodyRow<Row>({ row, columns, index, measure }: BodyRowProps<Row>) {
  return (
    <tr aria-rowindex={index + 2} data-index={index} ref={measure}>
      {columns.map((column) => <td key={column.id} className={classes(column)}>{column.cell(row)}</td>)}
    </tr>
  );
}) as <Row>(props: BodyRowProps<Row>) => ReactNode;

function HeadCell<Row>({ column, order, onTurn }: { column: Column<Row>; order: SortOrder | undefined; onTurn: (order: SortOrder) => void }) {
  const active = order?.column === column.id;
  const Arrow = order?.descending ? ArrowDown : ArrowUp;
  const direction = active ? (order.descending ? 'descending' : 'ascending') : undefined;
  return (
    <th scope="col" className={classes(column)} aria-sort={direction} style={column.width ? { width: column.width } : undefined}>
      {column.sort
        ? <button type="button" className="table-sort" onClick={() => onTurn(turned(order, column.id))}>{column.title}{active ? <Arrow aria-hidden="true" /> : null}</button>
        : column.title}
    </th>
  );
}

/** Stands for rows that are not in the document, so that the scroll bar tells the truth. */
function Spacer({ pixels, span }: { pixels: number; span: number }) {
  if (pixels <= 0) return null;
  return <tr aria-hidden="true" className="table-spacer"><td colSpan={span} style={{ height: pixels }} /></tr>;
}

function classes<Row>(column: Column<Row>): string {
  return [column.align === 'end' ? 'table-end' : '', column.wideOnly ? 'table-wide' : ''].join(' ').trim();
}

/** Up and down go from row to row, as in a list. */
function moveBetweenRows(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  if (!(event.target instanceof HTMLAnchorElement)) return;
  const row = event.target.closest('tr');
  const other = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling;
  const link = other?.querySelector('a');
  if (!link) return;
  event.preventDefault();
  link.focus();
}
