import { expect, it } from 'vitest';
import type { Option } from '../../configuration/queries';
import { nameIn } from './fetchDiagnostics';
import { chosen, ordered, sourceName, valueOf } from './shownOptions';

const options: Option[] = [
  { name: '--oidc', source: 'default', help: 'identity providers' },
  { name: '--http', value: '127.0.0.1:7080', source: 'command_line', help: 'where it listens' },
  { name: '--database', source: 'environment', is_secret: true, help: 'where the state is' },
];
const names = (of: readonly Option[]) => of.map(({ name }) => name);

it('puts what somebody set before what nobody did', () => {
  expect(names(ordered(options))).toEqual(['--database', '--http', '--oidc']);
});

it('shows options at their default on demand, and whatever matches a word', () => {
  expect(names(chosen(options, ' ', false))).toEqual(['--http', '--database']);
  expect(names(chosen(options, '', true))).toEqual(names(options));
  expect(names(chosen(options, 'Providers', false))).toEqual(['--oidc']);
  expect(names(chosen(options, '7080', false))).toEqual(['--http']);
  expect(chosen(options, 'nothing', true)).toEqual([]);
});

it.each<[Pick<Option, 'source' | 'value' | 'is_secret'>, string, boolean]>([
  [{ source: 'environment', is_secret: true }, 'set, not shown', false],
  // Whatever the controller sends with a secret one, none of it is shown.
  [{ source: 'environment', is_secret: true, value: 's3cret' }, 'set, not shown', false],
  [{ source: 'default', is_secret: true }, 'not set', false],
  [{ source: 'default', value: null }, 'not set', false],
  [{ source: 'command_line', value: '' }, 'empty', false],
  [{ source: 'default', value: '15m' }, '15m', true],
])('says of %j: %s', (option, text, isValue) => {
  expect(valueOf({ name: '--x', help: '', ...option })).toEqual({ text, isValue });
});

it('names where a value comes from, also a place that it does not know', () => {
  expect(['default', 'environment', 'command_line', 'file'].map(sourceName)).toEqual(['default', 'environment', 'command line', 'file']);
});

it.each([
  ['attachment; filename="cloister-diagnostics-20261130.tar.gz"', 'cloister-diagnostics-20261130.tar.gz'],
  ['attachment; filename=a.tar.gz', 'a.tar.gz'],
  ['attachment; filename="../../a.tar.gz"', 'cloister-diagnostics.tar.gz'],
  ['attachment; filename="run.exe"', 'cloister-diagnostics.tar.gz'],
  [null, 'cloister-diagnostics.tar.gz'],
])('takes from %j the name %s', (disposition, name) => expect(nameIn(disposition)).toBe(name));
