import { expect, it } from 'vitest';
import { parseCheckpoint } from '../../records/checkpoint';
import { fileName } from '../../records/evidence';
import { asked } from '../../records/queries';
import { byDay } from './days';
import { addressOf, filterOf, fromLocalTime, localTime, partsOf } from './filter';
import { filterIn, inWords, withQuery } from './savedQueries';

const whole = { kind: 'inference.completed', actor: 'meier', model: 'smollm2', node: 'gpu-7', subject: '01m8', from: '2026-11-30T08:00:00.000Z', to: '2026-11-30T09:00:00.000Z' };

it('keeps the whole filter in the address, and leaves out what makes no sense', () => {
  const filter = { ...whole, before_seq: 120 };
  expect(filterOf(addressOf(filter))).toEqual(filter);
  expect(filterOf(addressOf({ actor: 'meier', last: '1h' }))).toEqual({ actor: 'meier', last: '1h' });
  expect(filterOf(new URLSearchParams('kind=&before_seq=-3&from=soon&last=ever'))).toEqual({});
  expect(filterOf(new URLSearchParams('from=2026-11-30T09:00:00Z&to=2026-11-30T08:00:00Z'))).toEqual({});
  expect(filterOf(new URLSearchParams({ actor: 'x'.repeat(257) }))).toEqual({});
});

it('asks for a time that moves on from where it begins now', () => {
  const now = new Date(2026, 10, 30, 9, 15);
  expect(asked({ last: '1h', actor: 'meier' }, now)).toEqual({ actor: 'meier', from: new Date(2026, 10, 30, 8, 15).toISOString() });
  expect(asked({ last: 'today' }, now).from).toBe(new Date(2026, 10, 30).toISOString());
  expect(asked(whole, now)).toEqual(whole);
});

it('takes each filter off by itself', () => {
  const parts = partsOf({ ...whole, before_seq: 9 }, (at) => at);
  expect(parts.map(({ id }) => id)).toEqual(['kind', 'actor', 'model', 'node', 'subject', 'time']);
  const { actor: _, ...withoutActor } = whole;
  expect(parts[1]?.without).toEqual(withoutActor);
  expect(parts[5]?.without).toEqual({ kind: whole.kind, actor: 'meier', model: 'smollm2', node: 'gpu-7', subject: '01m8' });
  expect(partsOf({}, String)).toEqual([]);
});

it('saves every part of a filter, and brings it back', () => {
  const [saved] = withQuery([], 'that morning', { ...whole, before_seq: 4 });
  expect(saved && filterIn(saved)).toEqual(whole);
  expect(inWords({ actor: 'meier', last: '7d' })).toBe('who meier, 7 days');
  expect(inWords({})).toBe('every record');
});

it('writes a time for a field and reads it back in the same zone', () => {
  const at = new Date(2026, 10, 30, 8, 5, 9).toISOString();
  expect(localTime(at)).toBe('2026-11-30T08:05:09');
  expect(fromLocalTime(localTime(at))).toBe(at);
  expect(fromLocalTime('')).toBeUndefined();
});

it('puts records under the days of the reader, in the order of the log', () => {
  const rows = ['2026-11-30T12:00:00Z', '2026-11-30T11:00:00Z', '2026-11-28T12:00:00Z', 'never'].map((time) => ({ time }));
  expect(byDay(rows).map(({ rows: of }) => of.length)).toEqual([2, 1, 1]);
});

it('takes a checkpoint apart, and no other text', () => {
  expect(parseCheckpoint('cloister/fleet-1\n58\ncm9vdA==\n\n— cloister/fleet-1 c2ln\n')).toEqual({ origin: 'cloister/fleet-1', size: 58, rootHash: 'cm9vdA==', signature: '— cloister/fleet-1 c2ln' });
  expect(parseCheckpoint('<html>')).toBeUndefined();
});

it('names the file by what is in it', () => {
  expect(fileName(['R1'])).toBe('cloister-R1.evidence');
  expect(fileName(['R1', 'R2'])).toBe('cloister-2-records.evidence');
});
