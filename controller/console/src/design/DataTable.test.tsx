import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { DataTable, type Column } from './DataTable';

const columns: Column<{ name: string }>[] = [{ id: 'name', title: 'Name', sort: ({ name }) => name, cell: ({ name }) => <a href={`#${name}`}>{name}</a> }];
const rows = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `row-${at}` }));

it('says how many rows there are, and keeps only a few of ten thousand in the document', () => {
  render(<DataTable label="Rows" rows={rows(10_000)} columns={columns} rowKey={({ name }) => name} />);
  const table = screen.getByRole('table', { name: 'Rows' });
  expect(table.getAttribute('aria-rowcount')).toBe('10001');
  expect(within(table).getAllByRole('row').length).toBeLessThan(200);
});

it('sorts by a press on the head, and says so', async () => {
  render(<DataTable label="Rows" rows={rows(3)} columns={columns} rowKey={({ name }) => name} />);
  const head = screen.getByRole('button', { name: 'Name' });
  await userEvent.click(head);
  await userEvent.click(head);
  expect(screen.getByRole('columnheader').getAttribute('aria-sort')).toBe('descending');
  expect(screen.getAllByRole('link').map((link) => link.textContent)).toEqual(['row-2', 'row-1', 'row-0']);
});

it('goes from row to row with the arrow keys', async () => {
  render(<DataTable label="Rows" rows={rows(3)} columns={columns} rowKey={({ name }) => name} />);
  screen.getByRole('link', { name: 'row-0' }).focus();
  await userEvent.keyboard('{ArrowDown}{ArrowDown}{ArrowUp}');
  expect(document.activeElement?.textContent).toBe('row-1');
});
