const dayName = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

/** Records day by day in the reader's zone, in the order they come in. */
export function byDay<Row extends { time: string }>(rows: readonly Row[]): { day: string; rows: Row[] }[] {
  const days: { day: string; rows: Row[] }[] = [];
  for (const row of rows) {
    const at = new Date(row.time);
    const day = Number.isNaN(at.getTime()) ? 'At an unknown time' : dayName.format(at);
    const last = days.at(-1);
    if (last?.day === day) last.rows.push(row);
    else days.push({ day, rows: [row] });
  }
  return days;
}
