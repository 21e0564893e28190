import { expect, it } from 'vitest';
import { asText } from './asText';

it('spells out marks in every text of an answer, and in the names of its fields', () => {
  const answer = { nodes: [{ name: 'a\u202eb', labels: { 'x\u0007': '\u200b' }, cores: 2, last: null }] };
  expect(asText(answer)).toEqual({ nodes: [{ name: 'a\\u202eb', labels: { 'x\\u0007': '\\u200b' }, cores: 2, last: null }] });
});

it('keeps lines and tabs, and what is shown byte for byte', () => {
  const answer = { detail: 'one\n\ttwo', leaf_json: '{"name":"a\u202e"}' };
  expect(asText(answer)).toEqual(answer);
});

it('leaves alone what is no document', () => {
  const file = new Blob(['x']);
  expect(asText(file)).toBe(file);
  expect(asText(undefined)).toBeUndefined();
});
