import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { openConsole } from '../../testing/console';
import { controller, problem, session, type Answers } from '../../testing/controller';
import { history } from '../../testing/history';

const node = { id: 'n1', name: 'gpu-01', state: 'ready', region: '', jurisdiction: 'DE', labels: {}, gpus: [], generation: 1, replicas: 0, certificate_expires_at: '2026-12-01T00:00:00Z' };
const base: Answers = {
  'GET /api/v1/session': { body: session(['node.read']) },
  'GET /api/v1/nodes': { body: { nodes: [node] } },
  'GET /api/v1/replicas': { body: { replicas: [] } },
};
const HISTORY = 'GET /api/v1/nodes/n1/history';

it('shows the range that the address asks for, and another one when it is chosen', async () => {
  const asked: (string | null)[] = [];
  controller({
    ...base,
    [HISTORY]: (request) => {
      asked.push(new URL(request.url).searchParams.get('range'));
      return { body: history({ output_tokens_per_s: [null, 4, 8.5], step_s: asked.at(-1) === '24h' ? 180 : 5400 }) };
    },
  });
  openConsole('/nodes/gpu-01?range=24h');
  await screen.findByRole('figure', { name: 'Inferences in 3 min' });
  expect(screen.getByRole('radio', { name: 'Day', checked: true })).toBeTruthy();
  await userEvent.click(screen.getByRole('radio', { name: '30 days' }));
  await screen.findByRole('figure', { name: 'Inferences in 1 h 30 min' });
  await waitFor(() => expect(asked.filter((range, at) => range !== asked[at - 1])).toEqual(['24h', '30d']));
});

it('has the figures as a table', async () => {
  controller({ ...base, [HISTORY]: { body: history({ output_tokens_per_s: [null, 4, 8.5] }) } });
  openConsole('/nodes/gpu-01');
  await userEvent.click(await screen.findByRole('button', { name: 'Tokens: show as table' }));
  const rows = within(screen.getByRole('table', { name: 'Tokens' })).getAllByRole('row').slice(1);
  expect(rows.map((row) => within(row).getAllByRole('cell').slice(1).map(({ textContent }) => textContent))).toEqual([['8.5/s', 'not known'], ['4/s', 'not known'], ['not known', 'not known']]);
});

it('says why there is no history, and shows the rest of the page', async () => {
  controller({ ...base, [HISTORY]: problem(503, 'unavailable', 'the fleet’s state cannot be read now') });
  openConsole('/nodes/gpu-01');
  expect((await screen.findByRole('alert')).textContent).toContain('the fleet’s state cannot be read now');
  screen.getByRole('heading', { name: 'Identity' });
});
