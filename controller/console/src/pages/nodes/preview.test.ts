import { expect, it } from 'vitest';
import { isGood, sentence, type Prospect } from './preview';

const prospect = (extra: Partial<Prospect>): Prospect => ({ replica_id: 'r', deployment: 'ward', outcome: 'stays', reason: '', nodes: [], running: 0, waiting: 0, ...extra });
const short = { node_name: 'ward-2', chosen: false, admissible: false, reason: '3.5 GiB short' };
const own = { node_name: 'ward-1', chosen: false, admissible: false, reason: 'is being drained' };

it('says where a replica goes, and what becomes of the requests that it has', () => {
  const moves = prospect({ outcome: 'moves', to_node_name: 'ward-2', running: 2, waiting: 1 });
  expect(sentence(moves, 'drain', 'ward-1')).toBe('moves to ward-2. It has 3 requests now; those will end there first.');
  expect(sentence(moves, 'revoke', 'ward-1')).toBe('moves to ward-2. It has 3 requests now; those will be cut off.');
  expect(sentence(prospect({ outcome: 'moves' }), 'drain', 'ward-1')).toBe('goes once the replica that is on its way elsewhere serves. It has no request now.');
});

it('says why a replica stays or finds no place, of the other nodes only', () => {
  expect(sentence(prospect({ nodes: [own, short] }), 'drain', 'ward-1')).toBe('stays, and goes on serving, because no other node can take it. Elsewhere: ward-2 3.5 GiB short.');
  expect(sentence(prospect({ nodes: [own] }), 'drain', 'ward-1')).toBe('stays, and goes on serving, because no other node can take it. There is no other node.');
  expect(sentence(prospect({ outcome: 'unplaced', nodes: [short] }), 'revoke', 'ward-1')).toBe('ends, and nothing takes its place. It has no request now. Elsewhere: ward-2 3.5 GiB short.');
});

it('marks what is not as one would hope', () => {
  expect([isGood(prospect({}), 'cordon'), isGood(prospect({}), 'drain'), isGood(prospect({ outcome: 'unplaced' }), 'revoke')]).toEqual([true, false, false]);
});
