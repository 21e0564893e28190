import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import { openConsole } from '../testing/console';
import { controller, problem, session, type Answers } from '../testing/controller';

const ward = {
  name: 'ward', model_name: 'smollm2', model_digest: 'sha256:00', replicas: 2, ready_replicas: 2, updated_replicas: 2, restarts: 0, context_length: 2048, max_sequences: 16,
  kv_tokens: 4096, node_selector: {}, jurisdiction: 'DE', revision: 1, created_at: '2026-11-30T12:00:00Z',
};
const ALL = ['fleet.read', 'node.read', 'model.read', 'deployment.read', 'deployment.change'];
const base: Answers = {
  'GET /api/v1/session': { body: session(ALL) },
  'GET /api/v1/session/methods': { body: { local: true, issuers: [] } },
  'GET /api/v1/deployments/ward': { body: ward },
  'GET /api/v1/replicas': { body: { replicas: [] } },
  'GET /api/v1/models': { body: { models: [{ name: 'smollm2', digest: 'sha256:00', architecture: 'llama', quantization: 'Q4_1', size_bytes: 1, parameters: 1, context_length: 8192, signer_key_id: '', signer_name: '', trusted: true, imported_at: '' }] } },
  'GET /api/v1/nodes': { body: { nodes: [] } },
};

beforeEach(() => localStorage.clear());

it('asks nothing before somebody is signed in, and then shows the page that was wanted', async () => {
  let known = false;
  const { calls } = controller({
    ...base,
    'GET /api/v1/session': () => (known ? { body: session(ALL) } : problem(401, 'unauthenticated', 'nobody is signed in')),
    'POST /api/v1/session': () => {
      if (!known) { known = true; return { ...problem(429, 'too-many-requests', 'Too many tries.'), headers: { 'retry-after': '90' } }; }
      return { body: session(ALL) };
    },
  });
  openConsole('/nodes');
  await userEvent.type(await screen.findByLabelText('User name'), 'a.weber');
  await userEvent.type(screen.getByLabelText('Password'), 'a long one');
  expect(calls.filter((call) => !call.includes('/session'))).toEqual([]);
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
  await screen.findByText('Too many tries. Try again in 1 min 30 s.');
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
  await screen.findByText('No node yet');
});

it('keeps what was typed when the session ends, and saves it after signing in again', async () => {
  let ended = true;
  const tokens: (string | null)[] = [];
  controller({
    ...base,
    'PUT /api/v1/deployments/ward': async (request) => {
      tokens.push(request.headers.get('x-cloister-csrf'));
      if (ended) return problem(401, 'unauthenticated', 'the session has ended');
      return { body: { ...ward, ...(await request.json() as object), revision: 2 } };
    },
    'GET /api/v1/session': () => (ended && tokens.length > 0 ? problem(401, 'unauthenticated', 'the session has ended') : { body: session(ALL) }),
    'POST /api/v1/session': () => { ended = false; return { body: { ...session(ALL), csrf_token: 'csrf-2' } }; },
  });
  openConsole('/deployments/ward?edit');
  const jurisdiction = await screen.findByLabelText('Jurisdiction');
  await userEvent.clear(jurisdiction);
  await userEvent.type(jurisdiction, 'DE-HE');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));

  await screen.findByText('Sign in again to go on');
  expect((jurisdiction as HTMLInputElement).value).toBe('DE-HE');
  expect((await screen.findByLabelText<HTMLInputElement>('User name')).value).toBe('a.weber');
  await userEvent.type(screen.getByLabelText('Password'), 'a long one');
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));

  await screen.findByText('ward is at revision 2');
  expect(tokens).toEqual(['csrf-1', 'csrf-2']);
});

it('shows both versions when somebody else saved first, and overwrites nothing', async () => {
  let reads = 0;
  const sent: (string | null)[] = [];
  controller({
    ...base,
    'GET /api/v1/deployments/ward': () => ({ body: reads++ === 0 ? ward : { ...ward, replicas: 5, revision: 2 } }),
    'PUT /api/v1/deployments/ward': async (request) => {
      sent.push(request.headers.get('if-match'));
      if (sent.length === 1) return problem(412, 'revision-mismatch', 'the deployment is at revision 2, not 1');
      return { body: { ...ward, ...(await request.json() as object), revision: 3 } };
    },
  });
  openConsole('/deployments/ward?edit');
  const jurisdiction = await screen.findByLabelText('Jurisdiction');
  await userEvent.clear(jurisdiction);
  await userEvent.type(jurisdiction, 'FR');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));

  await screen.findByText(/It is at revision 2 now; nothing of yours was saved/);
  expect(screen.getByRole('row', { name: /Replicas/ }).textContent).toBe('Replicas252');
  expect(screen.getByRole('row', { name: /Jurisdiction/ }).textContent).toBe('JurisdictionDEDEFR');
  await userEvent.click(screen.getByRole('button', { name: 'Put my changes on top' }));
  expect((await screen.findByRole<HTMLInputElement>('textbox', { name: 'Replicas' })).value).toBe('5');
  expect(sent).toEqual(['"1"']);
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(sent).toEqual(['"1"', '"2"']));
});

it('asks for nothing that the account may not see, and says which right is missing', async () => {
  const { calls } = controller({ ...base, 'GET /api/v1/session': { body: session(['audit.read']) } });
  openConsole('/nodes');
  await screen.findByText('node.read');
  expect(calls.filter((call) => !call.includes('/session'))).toEqual([]);
});

it('says what the controller said, and offers to ask again', async () => {
  controller({ ...base, 'GET /api/v1/nodes': problem(500, 'internal', 'the database is full; make room and ask again') });
  openConsole('/nodes');
  expect((await screen.findByRole('alert')).textContent).toContain('the database is full; make room and ask again');
  screen.getByRole('button', { name: 'Try again' });
});

it('says that there is nothing yet, and what to do about it', async () => {
  controller({ ...base, 'GET /api/v1/session': { body: session([...ALL, 'node.admit']) } });
  openConsole('/nodes');
  await screen.findByText('No node yet');
  expect(screen.getAllByRole('button', { name: 'Add a node' }).length).toBeGreaterThan(0);
});

it('shows markup in a name as text', async () => {
  const name = '<img src=x onerror="globalThis.hit=1">';
  controller({ ...base, 'GET /api/v1/nodes': { body: { nodes: [{ id: 'n', name, state: 'ready', region: '', jurisdiction: '', labels: {}, gpus: [], generation: 1, replicas: 0, certificate_expires_at: '2026-12-01T00:00:00Z' }] } } });
  openConsole('/nodes');
  await screen.findByText(name);
  expect(document.querySelector('img')).toBeNull();
});

it('marks figures as old while nobody answers, and as live once somebody does', async () => {
  let up = true;
  const nodes = () => { if (!up) throw new TypeError('refused'); return { body: { nodes: [] } }; };
  controller({ ...base, 'GET /api/v1/nodes': nodes, 'GET /api/v1/version': () => { if (!up) throw new TypeError('refused'); return {}; } });
  openConsole('/nodes');
  await screen.findByText('No node yet');
  up = false;
  await screen.findByText('No connection to the controller.');
  await waitFor(() => expect(document.documentElement.hasAttribute('data-stale')).toBe(true));
  up = true;
  await userEvent.click(screen.getByRole('button', { name: 'Try now' }));
  await waitFor(() => expect(document.documentElement.hasAttribute('data-stale')).toBe(false));
});
