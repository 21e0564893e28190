import { expect, it } from 'vitest';
import { parseCheckpoint } from '../../records/checkpoint';
import { fileName } from '../../records/evidence';
import { closes } from '../../records/queries';
import { byDay } from './days';
import { addressOf, filterOf } from './filter';

it('keeps the filter in the address, and leaves out what makes no sense', () => {
  const filter = { kind: 'node.revoked', subject: '01m8', before_seq: 120 };
  expect(filterOf(addressOf(filter))).toEqual(filter);
  expect(filterOf(new URLSearchParams('kind=&before_seq=-3'))).toEqual({});
});

it('puts records under the days of the reader, in the order of the log', () => {
  const rows = ['2026-11-30T12:00:00Z', '2026-11-30T11:00:00Z', '2026-11-28T12:00:00Z', 'never'].map((time) => ({ time }));
  expect(byDay(rows).map(({ rows: of }) => of.length)).toEqual([2, 1, 1]);
});

it('takes a checkpoint apart, and no other text', () => {
  expect(parseCheckpoint('cloister/fleet-1\n58\ncm9vdA==\n\n— cloister/fleet-1 c2ln\n')).toEqual({ origin: 'cloister/fleet-1', size: 58, rootHash: 'cm9vdA==', signature: '— cloister/fleet-1 c2ln' });
  expect(parseCheckpoint('<html>')).toBeUndefined();
});

it('knows what closes a request', () => {
  expect(closes('inference.completed', { intent: 'R1' }, 'R1')).toBe(true);
  expect(closes('inference.completed', { intent: 'R2' }, 'R1')).toBe(false);
});

it('names the file by what is in it', () => {
  expect(fileName(['R1'])).toBe('cloister-R1.evidence');
  expect(fileName(['R1', 'R2'])).toBe('cloister-2-records.evidence');
});
