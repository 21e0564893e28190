import { expect, it } from 'vitest';
import { KINDS } from './kinds';
import { fieldsOf, readLeaf } from './leaf';
import { changes, details, sentence } from './tell';

it('tells a change by who did it and to what', () => {
  const leaf = { actor: { kind: 'api_key', id: '01', name: 'admin' }, subject: { kind: 'model', id: 'sha256:1', name: 'smollm2' } };
  expect(sentence('model.imported', leaf)).toBe('API key admin imported the model smollm2');
});

it('calls what the fleet does by itself by its own name', () => {
  expect(sentence('placement.changed', { actor: { kind: 'system', id: 'system' }, subject: { id: 'd', name: 'ward' } })).toBe('Cloister changed the placement of ward');
});

it('tells a restart and a return from other changes of a deployment', () => {
  const told = (change: Record<string, unknown>) => sentence('deployment.changed', { actor: { kind: 'account', name: 'meier' }, subject: { name: 'ward' }, change });
  expect(told({ replicas: 2 })).toBe('meier changed the deployment ward');
  expect(told({ replicas: 2, restarts: '3' })).toBe('meier restarted the deployment ward');
  expect(told({ replicas: 2, returned_to: '4' })).toBe('meier returned the deployment ward to revision 4');
});

it('still tells what it does not know', () => {
  expect(sentence('quota.changed', readLeaf('{"subject":{"id":"x"}}'))).toBe('Somebody: quota.changed, x');
  expect(readLeaf('not json')).toEqual({});
});

it('has a sentence for every kind there is', () => {
  for (const kind of KINDS) expect(sentence(kind, {})).toMatch(/^Somebody [a-z]/);
});

it('says how much an answer took, and that its text is not on record', () => {
  const said = details({ inference: { prompt_tokens: 1200, output_tokens: 8, total_time_us: 320_423, time_to_first_token_us: 78_891 } }).join(' ');
  expect(said).toContain('It read 1,200 tokens and wrote 8. It ended after 320 ms, the first token after 79 ms.');
  expect(said).toContain('Neither prompt nor answer is on record');
});

it('shows an empty value as such', () => expect(changes({ change: { node_selector: '' } })).toEqual([['node selector', 'empty']]));

it('tells who signed in without naming the session, and what was denied by the name of the right', () => {
  const actor = { kind: 'account', id: 'a', name: 'm.okafor' };
  expect(sentence('session.started', { actor, subject: { kind: 'session', id: '01' } })).toBe('m.okafor signed in');
  expect(sentence('access.denied', { actor, change: { action: 'node.revoke' } })).toBe('m.okafor was denied node.revoke');
});

it('makes marks visible that would reorder or hide text', () => {
  const name = 'ward\u202e<b>\u0007';
  expect(sentence('deployment.created', { actor: { kind: 'account', name }, subject: { name } })).toBe('ward\\u202e<b>\\u0007 created the deployment ward\\u202e<b>\\u0007');
});

it('lists every field of a record with its path', () => {
  expect(fieldsOf({ seq: 1, actor: { id: 'x' }, tags: ['a'] })).toEqual([['seq', '1'], ['actor.id', 'x'], ['tags', '["a"]']]);
});
