import { expect, it } from 'vitest';
import { linkToken, safeNext } from './next';

it('goes to places in the console', () => expect(safeNext('/nodes?add#x')).toBe('/nodes?add#x'));

it.each([null, '', 'https://evil.example', '//evil.example', '/\\evil.example', '/\t/evil.example', 'javascript:alert(1)', 'nodes'])(
  'does not lead out by %j', (wanted) => expect(safeNext(wanted)).toBe('/'),
);

it('reads the token of a link from the fragment alone', () => {
  expect(linkToken('#token=abc-123')).toBe('abc-123');
  expect(linkToken('')).toBeUndefined();
});
