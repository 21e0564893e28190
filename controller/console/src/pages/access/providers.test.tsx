import { screen, within } from '@testing-library/react';
import { beforeEach, expect, it } from 'vitest';
import { inForce } from '../../testing/configuration';
import { openConsole } from '../../testing/console';
import { controller, session, type Answers } from '../../testing/controller';

const as = (...actions: string[]): Answers => ({ 'GET /api/v1/session': { body: session(['key.read', ...actions]) } });

beforeEach(() => localStorage.clear());

it('shows beside the roles which groups have them', async () => {
  controller({ ...as('configuration.read'), 'GET /api/v1/configuration': { body: inForce } });
  openConsole('/access/roles');
  const groups = within(await screen.findByRole('table', { name: 'Groups of Clinic account and their roles' }));
  groups.getByText('platform');
  groups.getByText('auditor, user');
});

it('leaves the groups out where there is no provider', async () => {
  const { calls } = controller({ ...as('configuration.read'), 'GET /api/v1/configuration': { body: { ...inForce, identity_providers: [] } } });
  openConsole('/access/roles');
  await screen.findByRole('table', { name: 'Roles and what they may do' });
  expect(calls).toContain('GET /api/v1/configuration');
  await expect.poll(() => screen.queryByRole('region', { name: 'Roles by group' })).toBeNull();
});

it('does not ask for what the account may not read', async () => {
  const { calls } = controller(as());
  openConsole('/access/roles');
  await screen.findByRole('table', { name: 'Roles and what they may do' });
  expect(calls).not.toContain('GET /api/v1/configuration');
});

it('says which provider vouches for an account', async () => {
  const account = { id: 'a3', name: 'anna@clinic', roles: ['user'], has_password: false, created_at: '2026-11-30T02:00:00Z', issuer: 'https://login.example/realms/clinic' };
  controller({ ...as('account.read'), 'GET /api/v1/accounts': { body: { accounts: [account, { ...account, id: 'a4', name: 'meier', issuer: null }] } } });
  openConsole('/access/accounts');
  const table = within(await screen.findByRole('table', { name: 'Accounts' }));
  table.getByText('https://login.example/realms/clinic');
  table.getByText('none: local account');
});

it('says how each session began', async () => {
  const open = { account_id: 'a1', account_name: 'a.weber', address: '192.0.2.1', client: '', created_at: '2026-11-30T02:00:00Z', last_seen_at: '2026-11-30T02:00:00Z', absolute_expires_at: '2026-11-30T10:00:00Z', own: false };
  controller({ ...as('session.read'), 'GET /api/v1/sessions': { body: { sessions: ['link', 'password', 'oidc'].map((method) => ({ ...open, id: method, method })) } } });
  openConsole('/access/sessions');
  for (const word of ['login link', 'password', 'identity provider']) await screen.findByText(word);
});
