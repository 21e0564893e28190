import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it, vi } from 'vitest';
import { inForce } from '../../testing/configuration';
import { openConsole } from '../../testing/console';
import { controller, problem, session, type Answers } from '../../testing/controller';

const base: Answers = {
  'GET /api/v1/session': { body: session(['fleet.read', 'configuration.read', 'diagnostics.read']) },
  'GET /api/v1/status': { body: { fleet: 'ward-7', version: '0.1.0', nodes: 0, nodes_ready: 0, models: 0, deployments: 0, replicas: 0, replicas_ready: 0, records: 1 } },
  'GET /api/v1/version': { body: { version: '0.1.0', api: 'v1' } },
  'GET /api/v1/configuration': { body: inForce },
};
const section = (name: string) => within(screen.getByRole('region', { name }));
const download = async () => userEvent.click(await screen.findByRole('button', { name: 'Download diagnostics' }));

beforeEach(() => { localStorage.clear(); vi.restoreAllMocks(); });

it('shows what was set, where it comes from, and the rest on demand', async () => {
  controller(base);
  openConsole('/operations');
  const table = await screen.findByRole('table', { name: 'Configuration in force' });
  const rows = () => within(table).getAllByRole('row').slice(1).map(({ textContent }) => textContent);
  expect(rows()).toEqual(['--databasewhere the state isset, not shownenvironment', '--httpOpenAI-compatible HTTP127.0.0.1:7080command line']);
  await userEvent.click(screen.getByRole('button', { name: 'Show the 1 at their default' }));
  expect(rows().at(-1)).toBe('--oidcidentity providersnot setdefault');
  await userEvent.type(screen.getByLabelText('Filter'), 'no such word');
  await screen.findByText('No such option');
  screen.getByText('01CONTROLLER');
});

it('says what the database is, and what groups of a provider may do', async () => {
  controller(base);
  openConsole('/operations');
  await screen.findByText('PostgreSQL');
  section('Database').getByText('version 8');
  const groups = within(section('Sign-in').getByRole('table', { name: 'Groups of Clinic account and their roles' }));
  expect(groups.getAllByRole('row').slice(1).map(({ textContent }) => textContent)).toEqual(['platformfleet-admin', 'complianceauditor, user']);
  section('Sign-in').getByText('5 min');
});

it('says what to do to have an identity provider', async () => {
  controller({ ...base, 'GET /api/v1/configuration': { body: { ...inForce, identity_providers: [] } } });
  openConsole('/operations');
  await screen.findByText('No identity provider');
  section('Sign-in').getByText('--oidc FILE');
});

it('shows its parts together, so that none moves another', async () => {
  let answer = () => {};
  const later = new Promise<void>((resolve) => { answer = resolve; });
  controller({ ...base, 'GET /api/v1/configuration': async () => { await later; return { body: inForce }; } });
  openConsole('/operations');
  await screen.findByRole('status', { name: 'Reading how the controller is' });
  expect(screen.queryByRole('region', { name: 'Controller' })).toBeNull();
  answer();
  await screen.findByText('PostgreSQL');
  screen.getByRole('region', { name: 'Controller' });
});

it('asks for nothing that the account may not see, and says which rights are missing', async () => {
  const { calls } = controller({ ...base, 'GET /api/v1/session': { body: session(['fleet.read']) } });
  openConsole('/operations');
  await screen.findByText('configuration.read');
  screen.getByText('diagnostics.read');
  await screen.findByText('ward-7');
  expect(calls.filter((call) => /configuration|diagnostics/.test(call))).toEqual([]);
  expect(screen.queryByRole('button', { name: 'Download diagnostics' })).toBeNull();
});

it('says why the configuration cannot be read, and shows the rest', async () => {
  controller({ ...base, 'GET /api/v1/configuration': problem(500, 'internal', 'the database is full') });
  openConsole('/operations');
  expect((await screen.findByRole('alert')).textContent).toContain('the database is full');
  await screen.findByText('ward-7');
  screen.getByRole('button', { name: 'Download diagnostics' });
});

it('saves the file under the name that the controller gives it', async () => {
  const saved: string[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) { saved.push(this.download); });
  vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:1');
  const headers = { 'content-type': 'application/gzip', 'content-disposition': 'attachment; filename="cloister-diagnostics-1.tar.gz"' };
  controller({ ...base, 'GET /api/v1/diagnostics': { raw: 'tar', headers } });
  openConsole('/operations');
  await download();
  await screen.findByText('cloister-diagnostics-1.tar.gz is saved, 3 B.');
  expect(saved).toEqual(['cloister-diagnostics-1.tar.gz']);
});

it.each<[string, Answers[string], string]>([
  ['a refusal', problem(503, 'unavailable', 'the state cannot be read now'), 'the state cannot be read now'],
  ['a page of something in between', { raw: '<html>', headers: { 'content-type': 'text/html' } }, 'Nothing was saved'],
  ['half a file', { raw: new ReadableStream({ pull(out) { out.error(new TypeError('terminated')); } }), headers: { 'content-type': 'application/gzip' } }, 'The file broke off before its end.'],
  ['no answer', () => { throw new TypeError('refused'); }, 'The controller cannot be reached now. Nothing was saved.'],
])('tells %s, and takes it for no file', async (_, answer, text) => {
  const click = vi.spyOn(HTMLAnchorElement.prototype, 'click');
  controller({ ...base, 'GET /api/v1/diagnostics': answer });
  openConsole('/operations');
  await download();
  await waitFor(() => expect(section('Diagnostics').getByRole('alert').textContent).toContain(text));
  expect(click).not.toHaveBeenCalled();
});
