import { expect, it } from 'vitest';
import { sorted, turned } from './sorting';

const rows = [{ name: 'node-10', size: 2 }, { name: 'node-9', size: undefined }, { name: 'node-1', size: 5 }];

it('sorts numbers in names as numbers', () => {
  expect(sorted(rows, ({ name }) => name, false).map(({ name }) => name)).toEqual(['node-1', 'node-9', 'node-10']);
});

it('puts what has no value last, in either direction', () => {
  for (const descending of [false, true]) expect(sorted(rows, ({ size }) => size, descending).at(-1)?.name).toBe('node-9');
});

it('turns round at the second press on a column', () => {
  expect(turned(turned(undefined, 'a'), 'a')).toEqual({ column: 'a', descending: true });
  expect(turned({ column: 'a', descending: true }, 'b')).toEqual({ column: 'b', descending: false });
});
