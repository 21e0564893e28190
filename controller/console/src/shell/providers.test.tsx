import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openConsole } from '../testing/console';
import { controller, problem, session, type Answers } from '../testing/controller';

const nobody = problem(401, 'unauthenticated', 'nobody is signed in');
const issuers = [{ id: 'clinic', name: 'Clinic account' }, { id: 'partner', name: 'Partner account' }];
const base: Answers = {
  'GET /api/v1/session': nobody,
  'GET /api/v1/session/methods': { body: { local: true, issuers } },
  'GET /api/v1/nodes': { body: { nodes: [] } },
};
const anna = { ...session(['node.read']), account: { id: 'a9', name: 'anna@clinic', has_password: false, needs_current_password: false, has_second_factor: false, needs_second_factor: false, issuer: 'https://idp.example' } };
const link = (name: string) => screen.findByRole('link', { name });

beforeEach(() => localStorage.clear());
afterEach(() => vi.restoreAllMocks());

it('offers each provider, and leads back to the page that was wanted', async () => {
  controller(base);
  openConsole('/nodes?add');
  expect((await link('Sign in with Clinic account')).getAttribute('href')).toBe('/api/v1/session/oidc/clinic?next=%2Fconsole%2Fnodes%3Fadd');
  expect((await link('Sign in with Partner account')).getAttribute('href')).toBe('/api/v1/session/oidc/partner?next=%2Fconsole%2Fnodes%3Fadd');
  screen.getByText('or with a local account');
  screen.getByLabelText('Password');
});

it('offers no password where there are no local accounts', async () => {
  controller({ ...base, 'GET /api/v1/session/methods': { body: { local: false, issuers } } });
  openConsole('/');
  await link('Sign in with Clinic account');
  expect(screen.queryByLabelText('Password')).toBeNull();
  expect(screen.queryByText('or with a local account')).toBeNull();
});

it('never leads out of the console, whatever the address says', async () => {
  controller(base);
  openConsole('/login?next=//evil.example/');
  expect((await link('Sign in with Clinic account')).getAttribute('href')).toBe('/api/v1/session/oidc/clinic?next=%2Fconsole%2F');
});

it.each([
  ['no_role', /none of your groups has a role/],
  ['expired', /took too long, or was used before/],
  ['constructor', /You are not signed in/],
  ['<b>', /You are not signed in/],
])('says why signing in there failed: %s', async (code, sentence) => {
  controller(base);
  openConsole(`/login?next=/nodes&oidc_error=${encodeURIComponent(code)}`);
  expect((await screen.findByRole('alert')).textContent).toMatch(sentence);
  expect((await link('Sign in with Clinic account')).getAttribute('href')).toContain('%2Fconsole%2Fnodes');
});

it('lets a person back in through the provider they came from, in another tab', async () => {
  let ended = false;
  controller({
    ...base,
    'GET /api/v1/session': () => (ended ? nobody : { body: anna }),
    'GET /api/v1/nodes': () => (ended ? nobody : { body: { nodes: [] } }),
  });
  openConsole('/nodes');
  await screen.findByText('No node yet');
  ended = true;
  window.dispatchEvent(new Event('focus'));
  const way = await link('Sign in with Clinic account in a new tab');
  expect(way.getAttribute('target')).toBe('_blank');
  expect(screen.queryByLabelText('Password')).toBeNull();
  expect(screen.queryByRole('link', { name: /Partner/ })).toBeNull();
  ended = false;
  await waitFor(() => expect(screen.queryByText('Sign in again to go on')).toBeNull());
});

it.each([
  ['https://idp.example/logout?x=1', ['https://idp.example/logout?x=1']],
  ['javascript:alert(1)', []],
  [null, []],
])('signs out at the provider too, where it says how: %j', async (url, visited) => {
  const assign = vi.spyOn(location, 'assign').mockImplementation(() => undefined);
  controller({ ...base, 'GET /api/v1/session': { body: anna }, 'DELETE /api/v1/session': { body: { record_id: 'R', provider_logout_url: url } } });
  openConsole('/nodes');
  await userEvent.click(await screen.findByRole('button', { name: /Account and theme/ }));
  expect(screen.queryByRole('menuitem', { name: /password/i })).toBeNull();
  await userEvent.click(screen.getByRole('menuitem', { name: 'Sign out' }));
  await link('Sign in with Clinic account');
  expect(assign.mock.calls.flat()).toEqual(visited);
});
