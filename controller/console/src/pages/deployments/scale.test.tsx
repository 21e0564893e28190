import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import { openConsole } from '../../testing/console';
import { controller, problem, session } from '../../testing/controller';

const ward = {
  name: 'ward', model_name: 'smollm2', model_digest: 'sha256:00', replicas: 2, ready_replicas: 2, updated_replicas: 2, restarts: 0, context_length: 2048, max_sequences: 16,
  kv_tokens: 4096, node_selector: {}, jurisdiction: '', revision: 1, created_at: '2026-11-30T12:00:00Z',
};

function scale(sent: string[]): void {
  let theirs = ward;
  controller({
    'GET /api/v1/session': { body: session(['deployment.read', 'deployment.change']) },
    'GET /api/v1/replicas': { body: { replicas: [] } },
    'GET /api/v1/deployments/ward': () => ({ body: theirs }),
    'PUT /api/v1/deployments/ward': async (request) => {
      sent.push(`${request.headers.get('if-match')} ${((await request.json()) as { replicas: number }).replicas}`);
      if (sent.length > 1) return { body: { ...theirs, replicas: 5, revision: 3 } };
      theirs = { ...ward, replicas: 4, revision: 2 };
      return problem(412, 'revision-mismatch', 'the deployment is at revision 2, not 1');
    },
  });
  openConsole('/deployments/ward?scale');
}

/** The button of the dialog; the one that opened it has the same name. */
const scaleButton = (): HTMLElement => within(screen.getByRole('dialog')).getByRole('button', { name: 'Scale' });

beforeEach(() => localStorage.clear());

it('tells what somebody else scaled it to, and goes on from there only when told to', async () => {
  const sent: string[] = [];
  scale(sent);
  const field = await screen.findByRole('textbox', { name: 'Replicas' });
  await userEvent.clear(field);
  await userEvent.type(field, '5');
  await userEvent.click(scaleButton());
  await screen.findByText('Somebody changed it meanwhile: it is at revision 2 and wants 4. Nothing of yours was saved.');
  await userEvent.click(screen.getByRole('button', { name: 'Go on from there' }));
  await screen.findByText('1 more replica will be placed');
  expect(sent).toEqual(['"1" 5']);
  await userEvent.click(scaleButton());
  await waitFor(() => expect(sent).toEqual(['"1" 5', '"2" 5']));
});

it('asks for nothing where nothing is changed', async () => {
  const sent: string[] = [];
  scale(sent);
  await userEvent.click(await screen.findByRole('dialog').then(scaleButton));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(sent).toEqual([]);
});
