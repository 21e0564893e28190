import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import type { Timeline as Counts } from './queries';
import { Timeline } from './Timeline';
import { bars, inWords } from './timeline';

const hour = (at: number, counts: Record<string, number>) => ({ from: new Date(2026, 10, 30, at).toISOString(), to: new Date(2026, 10, 30, at + 1).toISOString(), counts });
const counts: Counts = {
  from: new Date(2026, 10, 30, 8).toISOString(), to: new Date(2026, 10, 30, 11).toISOString(), complete: true,
  buckets: [hour(8, { inference: 10, session: 1, key: 1 }), hour(9, {}), hour(10, { quota: 1 })],
};

it('puts kinds together in groups, and what it does not know in the last', () => {
  const [first, second, third] = bars(counts);
  expect(first && inWords(first, counts)).toBe('08:00:00 to 09:00:00: 12 records, 10 inferences, 2 access');
  expect(second && inWords(second, counts)).toBe('09:00:00 to 10:00:00: no record');
  expect(third?.parts.map(({ group }) => group.id)).toEqual(['log']);
});

it('is one stop for the keyboard, with the arrows from bar to bar and Enter to choose', async () => {
  const choose = vi.fn();
  render(<Timeline of={counts} onChoose={choose} />);
  await userEvent.tab();
  await userEvent.keyboard('{ArrowRight}{ArrowRight}');
  expect(screen.getByRole('option', { name: /^10:00:00 to 11:00:00: 1 record/ })).toBe(document.activeElement);
  await userEvent.keyboard('{Enter}');
  expect(choose).toHaveBeenCalledWith({ from: counts.buckets[2]?.from, to: counts.buckets[2]?.to });
});

it('says when not all was counted', () => {
  render(<Timeline of={{ ...counts, complete: false }} onChoose={() => undefined} />);
  expect(screen.getByText('the newest 13 records; there are more, which are not counted')).toBeTruthy();
});
