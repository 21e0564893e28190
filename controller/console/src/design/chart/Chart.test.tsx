import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { Chart, type Series } from './Chart';

const along = { kind: 'count', name: 'Step', at: [10, 20, 30, 40], format: (at: number) => `step ${at}` } as const;
const unit = { base: 10, format: (value: number) => `${value} ms`, least: 1 } as const;
const show = (series: readonly Series[]) => render(<Chart title="Delay" along={along} series={series} unit={unit} />);

it('is read with the keys, from the last figure on, and says where a gap is', async () => {
  show([{ name: 'half', values: [1, null, 3, null] }, { name: 'most', values: [2, null, 4, null] }]);
  const slider = screen.getByRole('slider', { name: 'Delay, at' });
  const said = () => slider.getAttribute('aria-valuetext');
  expect(said()).toBe('step 30: half 3 ms, most 4 ms');
  await userEvent.tab();
  await userEvent.tab();
  expect(document.activeElement).toBe(slider);
  await userEvent.keyboard('{ArrowLeft}');
  expect(said()).toBe('step 20: half not known, most not known');
  await userEvent.keyboard('{Home}');
  expect(said()).toBe('step 10: half 1 ms, most 2 ms');
  await userEvent.keyboard('{Escape}');
  expect(said()).toBe('step 30: half 3 ms, most 4 ms');
});

it('is a table for who wants one, newest first', async () => {
  show([{ name: 'half', values: [1, null, 0, 4] }]);
  expect(screen.queryByRole('table')).toBeNull();
  const asTable = screen.getByRole('button', { name: 'Delay: show as table' });
  await userEvent.click(asTable);
  expect(asTable.getAttribute('aria-pressed')).toBe('true');
  const rows = within(screen.getByRole('table', { name: 'Delay' })).getAllByRole('row').map(({ textContent }) => textContent);
  expect(rows).toEqual(['Stephalf', 'step 404 ms', 'step 300 ms', 'step 20not known', 'step 101 ms']);
});

it('says that there is nothing instead of drawing an empty frame', () => {
  show([{ name: 'half', values: [null, null, null, null] }]);
  screen.getByText('Nothing was measured in this time');
  expect(screen.queryByRole('slider')).toBeNull();
});
