import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import { openConsole } from '../../testing/console';
import { controller, problem, session, type Answers } from '../../testing/controller';

const needed = problem(401, 'code-needed', 'this account has a second factor');
const wrongCode = { status: 401, body: { type: 'urn:cloister:problem:unauthenticated', title: '', status: 401, field: 'code', detail: 'the code is wrong' } };
const nobody = problem(401, 'unauthenticated', 'nobody is signed in');
const codes = Array.from({ length: 10 }, (_, at) => `aaaa-bbbb-cccc-000${at}`);
const base: Answers = {
  'GET /api/v1/session': { body: session(['node.read']) },
  'GET /api/v1/session/methods': { body: { local: true, issuers: [] } },
  'GET /api/v1/nodes': { body: { nodes: [] } },
  'POST /api/v1/session/second-factor': { status: 201, body: { secret: 'GEZDGNBVGY3TQOJQ', uri: 'otpauth://totp/Cloister:a.weber?secret=GEZDGNBVGY3TQOJQ', expires_at: '2026-11-30T04:00:00Z' } },
  'PUT /api/v1/session/second-factor': { body: { recovery_codes: codes, record_id: 'R' } },
};

beforeEach(() => localStorage.clear());

/** Asks for a code until it is right, and says what was sent. */
function door(right: string): { answers: Answers; sent: unknown[] } {
  const sent: { code?: string }[] = [];
  let isIn = false;
  const answers: Answers = {
    ...base,
    'GET /api/v1/session': () => (isIn ? { body: session(['node.read']) } : nobody),
    'POST /api/v1/session': async (request) => {
      const credentials = await request.json() as { code?: string };
      sent.push(credentials);
      isIn = credentials.code === right;
      return isIn ? { body: session(['node.read']) } : credentials.code ? wrongCode : needed;
    },
  };
  return { answers, sent };
}

it('asks for a code once the password is right, and keeps the password for it', async () => {
  const { answers, sent } = door('123456');
  controller(answers);
  openConsole('/nodes');
  await userEvent.type(await screen.findByLabelText('User name'), 'a.weber');
  await userEvent.type(screen.getByLabelText('Password'), 'a long one{Enter}');
  const code = await screen.findByLabelText('Code');
  expect(screen.queryByRole('alert'), 'to be asked is no failure').toBeNull();
  expect(document.activeElement).toBe(code);
  await userEvent.type(code, '000000{Enter}');
  expect((await screen.findByRole('alert')).textContent).toBe('The code is wrong.');
  await userEvent.type(screen.getByLabelText('Code'), '123456{Enter}');
  await screen.findByText('No node yet');
  const credentials = { method: 'password', name: 'a.weber', password: 'a long one' };
  expect(sent).toEqual([credentials, { ...credentials, code: '000000' }, { ...credentials, code: '123456' }]);
});

it('goes back from the code to name and password', async () => {
  controller(door('123456').answers);
  openConsole('/nodes');
  await userEvent.type(await screen.findByLabelText('User name'), 'a.weber');
  await userEvent.type(screen.getByLabelText('Password'), 'a long one{Enter}');
  await userEvent.click(await screen.findByRole('button', { name: 'Back' }));
  expect(screen.getByLabelText<HTMLInputElement>('User name').value).toBe('a.weber');
  expect(screen.queryByRole('alert')).toBeNull();
});

it('asks for a code after a login link, too', async () => {
  const { answers, sent } = door('123456');
  controller(answers);
  location.hash = '#token=t0k_en';
  openConsole('/login');
  await userEvent.type(await screen.findByLabelText('Code'), '123456{Enter}');
  await screen.findByText(/You are signed in/);
  expect(sent).toEqual([{ method: 'link', token: 't0k_en' }, { method: 'link', token: 't0k_en', code: '123456' }]);
});

it('asks for a code when the session ended in mid-work', async () => {
  let ended = false;
  const { answers } = door('123456');
  controller({ ...answers, 'GET /api/v1/session': () => (ended ? nobody : { body: session(['node.read']) }), 'GET /api/v1/nodes': () => { ended = true; return nobody; } });
  openConsole('/nodes');
  const again = within(await screen.findByRole('dialog', { name: 'Sign in again to go on' }));
  await userEvent.type(await again.findByLabelText('Password'), 'a long one{Enter}');
  await userEvent.type(await again.findByLabelText('Code'), '123456');
  ended = false;
  await userEvent.keyboard('{Enter}');
  await waitFor(() => expect(screen.queryByText('Sign in again to go on')).toBeNull());
});

it('sets one up, shows the recovery codes once, and does not close over them by mistake', async () => {
  const sent: unknown[] = [];
  const { calls } = controller({
    ...base,
    'GET /api/v1/session/second-factor': { body: { recovery_codes_left: 0, is_required: false } },
    'PUT /api/v1/session/second-factor': async (request) => { sent.push(await request.json()); return { body: { recovery_codes: codes, record_id: 'R' } }; },
  });
  openConsole('/nodes');
  await userEvent.click(await screen.findByRole('button', { name: /Account and theme/ }));
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Set up a second factor' }));
  const code = await screen.findByLabelText('Code');
  screen.getByRole('img', { name: 'QR code for your authenticator app' });
  expect(screen.getByRole('region', { name: 'the secret' }).textContent).toBe('GEZD GNBV GY3T QOJQ');
  expect(document.querySelectorAll('.dialog [style]').length, 'no style of its own: the policy allows none').toBe(0);
  await userEvent.type(code, '123456');
  await userEvent.type(screen.getByLabelText('Present password'), 'a long one{Enter}');
  await screen.findByText(codes[9] ?? '');
  expect(sent).toEqual([{ code: '123456', current_password: 'a long one' }]);
  expect(screen.queryByRole('button', { name: 'Close' })).toBeNull();
  await userEvent.keyboard('{Escape}');
  await userEvent.click(screen.getByRole('button', { name: 'I have kept them' }));
  await screen.findByText(/Your second factor is on/);
  expect(document.body.textContent).not.toContain(codes[0]);
  expect(calls.filter((call) => call === 'POST /api/v1/session/second-factor')).toHaveLength(1);
});

it('removes it with password and code, and warns when recovery codes run out', async () => {
  const sent: unknown[] = [];
  const secured = { ...session(['node.read']), account: { ...session([]).account, has_second_factor: true } };
  controller({
    ...base,
    'GET /api/v1/session': { body: secured },
    'GET /api/v1/session/second-factor': { body: { set_at: '2026-11-30T04:00:00Z', recovery_codes_left: 1, is_required: false } },
    'POST /api/v1/session/second-factor/removal': async (request) => { sent.push(await request.json()); return { body: { record_id: 'R' } }; },
  });
  openConsole('/nodes');
  await userEvent.click(await screen.findByRole('button', { name: /Account and theme/ }));
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Second factor' }));
  await screen.findByText(/Only 1 recovery code is left/);
  const remove = screen.getByRole<HTMLButtonElement>('button', { name: 'Remove second factor' });
  await userEvent.type(screen.getByLabelText('Code'), '123456');
  expect(remove.disabled).toBe(true);
  await userEvent.type(screen.getByLabelText('Present password'), 'a long one');
  await userEvent.click(remove);
  await screen.findByText('Your second factor is removed.');
  expect(sent).toEqual([{ code: '123456', current_password: 'a long one' }]);
});

it('asks for nothing of the fleet before a required one is set up, and shows the codes before the fleet', async () => {
  let isSet = false;
  const waiting = { ...session([]), account: { ...session([]).account, needs_current_password: false, needs_second_factor: true } };
  const { calls } = controller({
    ...base,
    'GET /api/v1/session': () => ({ body: isSet ? session(['node.read']) : waiting }),
    'PUT /api/v1/session/second-factor': () => { isSet = true; return { body: { recovery_codes: codes, record_id: 'R' } }; },
  });
  openConsole('/nodes');
  await screen.findByText(/This fleet asks for a second factor/);
  await userEvent.type(await screen.findByLabelText('Code'), '123456{Enter}');
  await screen.findByText(codes[0] ?? '');
  expect(calls.filter((call) => !call.includes('/session'))).toEqual([]);
  await userEvent.click(screen.getByRole('button', { name: 'I have kept them' }));
  await screen.findByText('No node yet');
});
