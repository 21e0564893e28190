import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import type { DeploymentRevision } from '../../api/queries';
import { openConsole } from '../../testing/console';
import { controller, problem, session } from '../../testing/controller';
import { changesOf, fields } from './history';
import { textOf } from './output';
import { conditions } from './standing';

const ward = {
  name: 'ward', model_name: 'smollm2', model_digest: 'sha256:0011223344556677', replicas: 2, ready_replicas: 2, updated_replicas: 2, restarts: 0,
  context_length: 2048, max_sequences: 16, kv_tokens: 4096, node_selector: {}, jurisdiction: '', revision: 2, created_at: '2026-11-30T12:00:00Z',
};
const first: DeploymentRevision = {
  revision: 1, at: '2026-11-30T12:00:00Z', actor_kind: 'account', actor_id: 'a1', actor_name: 'meier', model_name: 'smollm2', model_digest: ward.model_digest,
  replicas: 1, context_length: 2048, max_sequences: 16, kv_tokens: 4096, node_selector: {}, jurisdiction: 'DE', restarts: 0, record_id: '01KAAAAAAA',
};
const second: DeploymentRevision = { ...first, revision: 2, replicas: 2, jurisdiction: '', record_id: '01KBBBBBBB' };

const may = (...actions: string[]) => ({ body: session(['deployment.read', ...actions]) });

beforeEach(() => localStorage.clear());

it('tells each revision by what it changed', () => {
  expect(changesOf(undefined, first)).toEqual(['created']);
  expect(changesOf(undefined, second)).toEqual(['what was before is not kept']);
  expect(changesOf(first, second)).toEqual(['Replicas: 1 to 2', 'Jurisdiction: DE to anywhere']);
  expect(changesOf(second, { ...first, revision: 3, returned_to: 1, restarts: 1 })).toEqual(['returned to revision 1', 'restarted', 'Replicas: 2 to 1', 'Jurisdiction: anywhere to DE']);
  expect(fields(first, { ...first, model_digest: 'sha256:ff' }).map(({ field }) => field)).toEqual(['Model digest']);
});

it('shows what a return would change before it is made, and makes it only for what was shown', async () => {
  const sent: string[] = [];
  let now = ward;
  controller({
    'GET /api/v1/session': may('deployment.change'),
    'GET /api/v1/deployments/ward': () => ({ body: now }),
    'GET /api/v1/deployments/ward/revisions': { body: { revisions: [second, first] } },
    'POST /api/v1/deployments/ward/return': async (request) => {
      sent.push(`${request.headers.get('if-match')} ${JSON.stringify(await request.json())}`);
      if (sent.length > 1) return { body: { ...ward, replicas: 1, revision: 4 } };
      now = { ...ward, replicas: 7, revision: 3 };
      return problem(412, 'revision-mismatch', 'the deployment is at revision 3, not 2');
    },
  });
  openConsole('/deployments/ward/history');
  await userEvent.click(await screen.findByRole('button', { name: 'Return to this: revision 1' }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getAllByRole('row').map((row) => row.textContent)).toEqual(['FieldNow, revision 2Then, revision 1', 'Replicas21', 'Jurisdictionanywhere' + 'DE']);
  await userEvent.click(within(dialog).getByRole('button', { name: 'Return to revision 1' }));
  await within(dialog).findByText('Somebody changed it meanwhile. Nothing was done.');
  const again = within(dialog).getByRole('button', { name: 'Compare with what is there now' });
  await waitFor(() => expect(again.hasAttribute('disabled')).toBe(false));
  await userEvent.click(within(dialog).getByRole('button', { name: 'Compare with what is there now' }));
  await within(dialog).findByRole('row', { name: 'Replicas 7 1' });
  await userEvent.click(within(dialog).getByRole('button', { name: 'Return to revision 1' }));
  await waitFor(() => expect(sent).toEqual(['"2" {"revision":1}', '"3" {"revision":1}']));
});

it('says what a restart does before it does it', async () => {
  const { calls } = controller({
    'GET /api/v1/session': may('deployment.change'),
    'GET /api/v1/replicas': { body: { replicas: [] } },
    'GET /api/v1/deployments/ward': { body: ward },
    'POST /api/v1/deployments/ward/restart': { body: { ...ward, revision: 3, restarts: 1, record_id: '01KC' } },
  });
  openConsole('/deployments/ward?restart');
  const dialog = await screen.findByRole('dialog');
  within(dialog).getByText('Its 2 replicas are replaced by new ones, one after another.');
  await userEvent.click(within(dialog).getByRole('button', { name: 'Restart' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(calls).toContain('POST /api/v1/deployments/ward/restart');
});

it('shows the output of a replica as text, and the reason where there is none', async () => {
  const replica = { id: '01kreplica', deployment: 'ward', model_name: 'smollm2', node_name: 'gpu-01', phase: 'ready', generation: 1, restarts: 1, progress_bytes: 0, total_bytes: 0, running: 0, waiting: 0 };
  let old = false;
  controller({
    'GET /api/v1/session': may('replica.logs'),
    'GET /api/v1/replicas': { body: { replicas: [replica] } },
    'GET /api/v1/deployments/ward': { body: ward },
    'GET /api/v1/replicas/01kreplica/logs': () => (old
      ? problem(409, 'conflict', 'the agent of its node has version 1.0.0 and is too old')
      : { body: { replica_id: replica.id, node_name: 'gpu-01', lines: [{ at: '2026-11-30T12:00:00Z', run: 0, text: '<b>killed</b>\u202e' }, { at: '2026-11-30T12:00:01Z', run: 1, text: 'worker.start' }] } }),
  });
  openConsole('/deployments/ward/logs');
  const lines = await screen.findByRole('region', { name: 'Lines of the worker' });
  expect(lines.textContent).toBe('2026-11-30T12:00:00Z <b>killed</b>\\u202e\n── run 1 ──\n2026-11-30T12:00:01Z worker.start');
  old = true;
  document.body.replaceChildren();
  openConsole('/deployments/ward/logs');
  await screen.findByText(/is too old/);
});

it('keeps the output from whoever may not read it', async () => {
  controller({
    'GET /api/v1/session': may(), 'GET /api/v1/replicas': { body: { replicas: [] } }, 'GET /api/v1/deployments/ward': { body: ward },
  });
  openConsole('/deployments/ward/logs');
  await screen.findByText('Not for this account');
});

it('does not let a line pass for two', () => expect(textOf([{ at: 't', run: 0, text: 'a\nb' }])).toBe('t a b'));

it('says how a rollout stands', () => {
  const words = (deployment: typeof ward, count: number) =>
    conditions(deployment, Array.from({ length: count }, (_, at) => ({ id: String(at), phase: 'ready' }) as never)).map(({ name, word }) => `${name}: ${word}`);
  expect(words(ward, 2)).toEqual(['Placed: yes', 'Answers: yes', 'Up to date: yes', 'Trouble: none']);
  expect(words({ ...ward, ready_replicas: 3, updated_replicas: 1 }, 3)).toEqual(['Placed: yes', 'Answers: yes', 'Up to date: not yet', 'Trouble: none']);
  expect(words({ ...ward, replicas: 0, ready_replicas: 0, updated_replicas: 0 }, 0)).toEqual(['Placed: nothing to place', 'Answers: no', 'Up to date: nothing runs', 'Trouble: none']);
});
