export type SortValue = string | number | undefined;

export interface SortOrder {
  column: string;
  descending: boolean;
}

const words = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** A sorted copy; what has no value comes last either way. Equal rows keep their order. */
export function sorted<Row>(rows: readonly Row[], by: (row: Row) => SortValue, descending: boolean): Row[] {
  return rows.toSorted((a, b) => {
    const left = by(a);
    const right = by(b);
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined);
    const order = typeof left === 'number' && typeof right === 'number' ? left - right : words.compare(String(left), String(right));
    return descending ? -order : order;
  });
}

/** The order after a press on a column's head. */
export function turned(order: SortOrder | undefined, column: string): SortOrder {
  return { column, descending: order?.column === column && !order.descending };
}
