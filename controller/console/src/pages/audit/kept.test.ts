import { expect, it } from 'vitest';
import { isKept, noteIn, withNotes } from '../../records/keptCheckpoints';
import { readList } from '../../records/stored';
import { evidenceUpTo } from '../../verifier/earlier';
import { judged } from '../../verifier/since';
import { filterIn, inWords, isSavedQuery, queryNameProblem, renamed, withQuery, without } from './savedQueries';

const note = (size: number) => `cloister/fleet-1\n${size}\ncm9vdA==\n\n— cloister/fleet-1 c2ln\n`;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const file = (...lines: string[]) => new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''));
const LOG = file(`{"checkpoint":"now","format":"cloister-evidence/1","kind":"log","origin":"cloister/fleet-1","tree_size":3}`, 'a', 'ha', 'b', 'hb', 'ö', 'hö');

it('makes the evidence of an earlier log of its records and the kept checkpoint, and changes no byte of them', () => {
  const header = `{"checkpoint":${JSON.stringify(note(2))},"format":"cloister-evidence/1","kind":"log","origin":"cloister/fleet-1","tree_size":2}`;
  expect(text(evidenceUpTo(LOG, note(2)))).toBe(`${header}\na\nha\nb\nhb\n`);
  expect(text(evidenceUpTo(LOG, note(3)))).toContain('\nö\nhö\n');
});

it('tells a changed log from a checkpoint that nobody signed', () => {
  const tampered = (at: string) => judged({ verdict: 'tampered', tampered: { place: { at } } }).failed;
  expect([tampered('end'), tampered('record'), tampered('header')]).toEqual(['since', 'since', 'checkpoint']);
  expect(judged({ verdict: 'insufficient' }).failed).toBe('checkpoint');
  expect(judged({ verdict: 'ok' }).failed).toBeUndefined();
});

it('adds nothing to a log that is shorter than it was', () => expect(text(evidenceUpTo(LOG, note(9))).split('\n')).toHaveLength(8));

it('takes nothing else for a checkpoint or for a whole log', () => {
  expect(() => evidenceUpTo(LOG, '<html>')).toThrow('no checkpoint');
  expect(() => evidenceUpTo(file('{"kind":"records"}', 'a'), note(1))).toThrow('whole log');
});

it('keeps each checkpoint once, the longest log first, with the line ends that were signed', () => {
  const list = withNotes(withNotes([], [note(2)], new Date(0)), [note(2), note(5)], new Date(1));
  expect(list.map(({ keptAt }) => Date.parse(keptAt))).toEqual([1, 0]);
  expect(noteIn(note(2).replaceAll('\n', '\r\n'))).toBe(note(2));
  expect(noteIn('a letter')).toBeUndefined();
});

it('reads what a browser keeps only as far as it has the form', () => {
  localStorage.setItem('kept', JSON.stringify([{ note: note(2), keptAt: '2026' }, { note: 'x', keptAt: '2026' }, 7]));
  expect(readList('kept', isKept)).toHaveLength(1);
  localStorage.setItem('kept', '{');
  expect(readList('kept', isSavedQuery)).toEqual([]);
});

it('saves a filter without the page one is on, renames and deletes it', () => {
  const saved = withQuery([], ' denied ', { kind: 'access.denied', subject: 'a b', before_seq: 7 });
  expect(saved.map(filterIn)).toEqual([{ kind: 'access.denied', subject: 'a b' }]);
  expect(inWords(filterIn(saved[0]!))).toBe('kind access.denied, subject a b');
  expect(queryNameProblem(saved, 'denied')).toBe('There is one of this name');
  expect(queryNameProblem(saved, 'denied', 'denied')).toBeUndefined();
  expect(renamed(saved, 'denied', 'refused').map(({ name }) => name)).toEqual(['refused']);
  expect(without(saved, 'denied')).toEqual([]);
});
