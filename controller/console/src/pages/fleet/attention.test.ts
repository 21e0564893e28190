import { expect, it } from 'vitest';
import type { Deployment, Node, Replica } from '../../api/queries';
import { concerns } from './attention';

const now = new Date('2026-11-30T12:00:00Z');
const node = (extra: Partial<Node>): Node => ({
  id: 'n', name: 'n', state: 'ready', scheduling: 'open', region: '', jurisdiction: '', labels: {}, gpus: [], generation: 1, replicas: 0,
  certificate_expires_at: '2026-12-01T12:00:00Z', ...extra,
});
const deployment = (extra: Partial<Deployment>): Deployment => ({
  name: 'ward', model_name: 'm', model_digest: '', replicas: 2, ready_replicas: 2, updated_replicas: 2, restarts: 0, context_length: 1, max_sequences: 1, kv_tokens: 1,
  node_selector: {}, jurisdiction: '', revision: 1, created_at: '', ...extra,
});
const replica = (extra: Partial<Replica>): Replica => ({
  id: 'r', deployment: 'ward', model_name: 'm', phase: 'ready', generation: 1, restarts: 0, progress_bytes: 0, total_bytes: 0, running: 0, waiting: 0, ...extra,
});
const fleet = (extra: object) => ({ models: [], nodes: [], replicas: [], deployments: [], reasons: new Map<string, string>(), ...extra });

it('has nothing to say of a fleet that is well, or of what was scaled to nothing', () => {
  expect(concerns(fleet({ nodes: [node({})], replicas: [replica({})], deployments: [deployment({}), deployment({ replicas: 0, ready_replicas: 0 })] }), now)).toEqual([]);
});

it('says once why a deployment answers nobody', () => {
  const found = concerns(fleet({ deployments: [deployment({ ready_replicas: 0 })], replicas: [replica({ phase: 'unplaced' }), replica({ id: 's', phase: 'unplaced' })], reasons: new Map([['r', 'none of 3 nodes can take it']]) }), now);
  expect(found).toMatchObject([{ severity: 'bad', what: 'ward answers nobody: no replica is ready', why: '2 not placed: none of 3 nodes can take it' }]);
});

it('puts what is broken before what may break', () => {
  const found = concerns(fleet({ nodes: [node({ name: 'old', certificate_expires_at: '2026-11-30T13:00:00Z' }), node({ name: 'gone', state: 'unreachable', replicas: 1 })] }), now);
  expect(found.map(({ what }) => what)).toEqual(['gone is not connected', 'The certificate of old expires soon']);
});

it('tells of nodes that take nothing, and of a drain that cannot end by itself', () => {
  const drain = (left: number, held: number): Partial<Node> => ({ scheduling: 'draining', drain: { force: false, replicas_left: left, replicas_held: held } });
  const told = (extra: Partial<Node>) => concerns(fleet({ nodes: [node(extra)] }), now).map(({ what, why }) => `${what}: ${why}`);
  expect(told({ scheduling: 'cordoned', replicas: 1 })).toEqual(['n is cordoned: Nothing new is placed on it. 1 replica is placed on it.']);
  expect(told(drain(2, 0))).toEqual([]);
  expect(told(drain(2, 1))).toEqual(['The drain of n cannot end: A replica finds no other node, and stays until one can take it.']);
  expect(told(drain(0, 0))).toEqual(['n is drained: It is empty, and takes nothing before it is opened again.']);
});

it('is silent about revoked nodes', () => {
  expect(concerns(fleet({ nodes: [node({ state: 'revoked', certificate_expires_at: '2026-01-01T00:00:00Z' })] }), now)).toEqual([]);
});

it('says which models wait for somebody who may approve them', () => {
  const found = concerns(fleet({ models: [{ name: 'smollm3', approval: 'waiting' }, { name: 'smollm2', approval: 'approved' }, { name: 'old', approval: 'retired' }] }), now);
  expect(found).toMatchObject([{ severity: 'warn', what: 'smollm3 waits for approval', to: '/models/smollm3' }]);
});
