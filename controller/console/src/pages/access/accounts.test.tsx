import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import { openConsole } from '../../testing/console';
import { controller, problem, session, type Answers } from '../../testing/controller';

const account = { id: 'a2', name: 'm.okafor', roles: ['auditor'], has_password: false, created_at: '2026-11-30T02:00:00Z' };
const base: Answers = {
  'GET /api/v1/session': { body: session(['key.read', 'account.read', 'account.change']) },
  'GET /api/v1/accounts': { body: { accounts: [account] } },
};

beforeEach(() => localStorage.clear());

it('makes an account and shows its login link once, as a whole address', async () => {
  const sent: unknown[] = [];
  controller({
    ...base,
    'POST /api/v1/accounts': async (request) => { sent.push(await request.json()); return { status: 201, body: { account, record_id: 'R' } }; },
    'POST /api/v1/accounts/m.okafor/login-link': { status: 201, body: { token: 't0k_en', expires_at: '2026-11-30T04:00:00Z', record_id: 'R' } },
  });
  openConsole('/access/accounts?new');
  await userEvent.type(await screen.findByLabelText('Name'), 'm.okafor');
  await userEvent.click(screen.getByRole('checkbox', { name: /auditor/ }));
  await userEvent.click(screen.getByRole('button', { name: 'Create account' }));
  await screen.findByText(`${location.origin}/console/login#token=t0k_en`);
  expect(sent).toEqual([{ name: 'm.okafor', roles: ['auditor'] }]);
  await userEvent.click(screen.getByRole('button', { name: 'Done' }));
  expect(document.body.textContent).not.toContain('t0k_en');
});

it('says what the controller said when the last admin would be lost', async () => {
  controller({ ...base, 'DELETE /api/v1/accounts/a2': problem(409, 'conflict', 'this is the last account that may change accounts') });
  openConsole('/access/accounts?disable=m.okafor');
  await userEvent.type(await screen.findByLabelText('Type m.okafor to confirm'), 'm.okafor{Enter}');
  expect((await screen.findByRole('alert')).textContent).toContain('this is the last account that may change accounts');
});

it('resets a second factor only once the name is typed, and offers it for no account without one, nor for one’s own', async () => {
  const at = '2026-11-30T02:00:00Z';
  const { calls } = controller({
    ...base,
    'GET /api/v1/accounts': { body: { accounts: [{ ...account, second_factor_at: at }, { ...account, id: 'a3', name: 'without' }, { ...account, id: 'a1', name: 'a.weber', second_factor_at: at }] } },
    'DELETE /api/v1/accounts/a2/second-factor': { body: { record_id: 'R' } },
  });
  openConsole('/access/accounts');
  for (const [name, isOffered] of [['without', false], ['a.weber', false], ['m.okafor', true]] as const) {
    await userEvent.click(await screen.findByRole('button', { name: `Actions on ${name}` }));
    await screen.findByRole('menuitem', { name: 'Disable' });
    expect(Boolean(screen.queryByRole('menuitem', { name: 'Reset the second factor' })), name).toBe(isOffered);
    if (!isOffered) await userEvent.keyboard('{Escape}');
  }
  await userEvent.click(screen.getByRole('menuitem', { name: 'Reset the second factor' }));
  await userEvent.type(await screen.findByLabelText('Type m.okafor to confirm'), 'm.okafo{Enter}');
  expect(calls).not.toContain('DELETE /api/v1/accounts/a2/second-factor');
  await userEvent.keyboard('r{Enter}');
  await screen.findByText('The second factor of m.okafor is reset. Record R');
});

it('shows an auditor who there is, and offers no change', async () => {
  controller({ ...base, 'GET /api/v1/session': { body: session(['key.read', 'account.read']) } });
  openConsole('/access/accounts?disable=m.okafor');
  await screen.findByText('m.okafor');
  expect(screen.queryByRole('alertdialog')).toBeNull();
  expect(screen.queryByRole('button', { name: /Create an account|Actions on/ })).toBeNull();
});
