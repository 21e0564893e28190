import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import { openConsole } from '../../testing/console';
import { controller, session } from '../../testing/controller';

const ward = {
  id: 'id-1', name: 'ward-1', state: 'ready', scheduling: 'open', region: '', jurisdiction: 'DE', labels: {}, gpus: [], generation: 1, replicas: 1,
  certificate_expires_at: '2026-12-01T12:00:00Z',
};
const stays = {
  replica_id: '01replica', deployment: 'notes', outcome: 'stays', reason: 'held', running: 1, waiting: 0,
  nodes: [{ node_name: 'ward-1', chosen: false, admissible: false, reason: 'is being drained' }, { node_name: 'ward-2', chosen: false, admissible: false, reason: '3.5 GiB short' }],
};

function nodePage(address: string, node: object, sent: unknown[], actions = ['node.read', 'node.cordon', 'node.revoke']): void {
  controller({
    'GET /api/v1/session': { body: session(actions) },
    'GET /api/v1/replicas': { body: { replicas: [] } },
    'GET /api/v1/nodes': { body: { nodes: [{ ...ward, ...node }] } },
    'GET /api/v1/nodes/id-1/preview': ({ url }) => {
      const query = new URL(url).searchParams;
      const force = query.get('force') === 'true';
      return { body: { node_name: 'ward-1', change: query.get('change'), force, replicas: [{ ...stays, outcome: force ? 'unplaced' : 'stays' }] } };
    },
    'PUT /api/v1/nodes/id-1/scheduling': async (request) => {
      sent.push(await request.json());
      return { body: { ...ward, scheduling: 'draining', record_id: '01record' } };
    },
  });
  openConsole(address);
}

const dialog = async () => within(await screen.findByRole('dialog'));

beforeEach(() => localStorage.clear());

it('says what a drain would do before it does anything, and what force would do beyond that', async () => {
  const sent: unknown[] = [];
  nodePage('/nodes/ward-1?drain', {}, sent);
  await (await dialog()).findByText('stays, and goes on serving, because no other node can take it. Elsewhere: ward-2 3.5 GiB short.', { exact: false });
  await userEvent.click((await dialog()).getByRole('checkbox', { name: 'Also end what no other node can take' }));
  await (await dialog()).findByText('ends, and nothing takes its place. It has 1 request now; that will end there first.', { exact: false });
  expect(sent).toEqual([]);
  await userEvent.click((await dialog()).getByRole('button', { name: 'Drain by force' }));
  await waitFor(() => expect(sent).toEqual([{ state: 'draining', force: true }]));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
});

it('offers what can be done with a node as it is', async () => {
  nodePage('/nodes/ward-1', { scheduling: 'draining', drain: { force: false, replicas_left: 2, replicas_held: 0 } }, []);
  await screen.findByText('2 replicas are still here, and go once others serve in their place and their requests have ended.');
  expect(screen.getByText('draining, 2 left')).toBeTruthy();
  const offered = ['Open again', 'Cordon', 'Drain', 'Revoke'].filter((name) => screen.queryByRole('button', { name }));
  expect(offered).toEqual(['Open again', 'Revoke']);
});

it('offers force where a drain is held, and nothing to who may only read', async () => {
  nodePage('/nodes/ward-1?drain', { scheduling: 'draining', drain: { force: false, replicas_left: 1, replicas_held: 1 } }, [], ['node.read']);
  await screen.findByText('One replica finds no other node and stays.', { exact: false });
  expect(screen.queryByRole('button', { name: 'Drain' })).toBeNull();
  expect(screen.queryByRole('dialog')).toBeNull();
});
