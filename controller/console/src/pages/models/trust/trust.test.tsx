import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import { openConsole } from '../../../testing/console';
import { controller, problem, session, type Answers } from '../../../testing/controller';

const PEM = '-----BEGIN PUBLIC KEY-----';
const radiology = { name: 'radiology', revision: 4, updated_at: '2026-11-30T12:00:00Z', rules: [{ models: ['smollm2-*'], signers: [{ name: 'vendor', key_id: 'k', public_key_pem: PEM }] }] };

function open(actions: string[], policies: object[], more: Answers = {}): void {
  controller({
    'GET /api/v1/session': { body: session(['model.read', 'trust_policy.read', ...actions]) },
    'GET /api/v1/models': { body: { models: [] } },
    'GET /api/v1/trust-policies': () => ({ body: { policies } }),
    ...more,
  });
  openConsole('/models');
}

beforeEach(() => localStorage.clear());

it('shows the rules to whoever may see them, and offers nothing to whoever may not change them', async () => {
  open([], [radiology]);
  const table = within(await screen.findByRole('table', { name: 'Trust policies' }));
  table.getByText('smollm2-*');
  table.getByText(/by vendor/);
  expect(screen.queryByRole('button', { name: 'Make a policy' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Change radiology' })).toBeNull();
});

it('makes one that must not be there yet', async () => {
  const sent: unknown[] = [];
  open(['trust_policy.change'], [], {
    'PUT /api/v1/trust-policies/radiology': async (request) => {
      sent.push(request.headers.get('if-match'), await request.json());
      return { body: radiology };
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Make a policy' }));
  await userEvent.type(await screen.findByLabelText('Name of the policy'), 'radiology');
  await userEvent.click(screen.getByRole('button', { name: 'Make policy' }));
  await screen.findByText(/At least one name/);
  expect(sent, 'nothing is sent that is not whole').toEqual([]);
  await userEvent.type(screen.getByLabelText('Models'), 'smollm2-*');
  await userEvent.type(screen.getByLabelText('Signer'), 'vendor');
  await userEvent.type(screen.getByLabelText('Public key, PEM'), PEM);
  await userEvent.click(screen.getByRole('button', { name: 'Make policy' }));
  await screen.findByText('radiology is at revision 4');
  expect(sent).toEqual(['"0"', { rules: [{ models: ['smollm2-*'], signers: [{ name: 'vendor', public_key_pem: PEM }] }] }]);
});

it('overwrites nothing that somebody else changed meanwhile, and goes on from that', async () => {
  const seen: (string | null)[] = [];
  const theirs = { ...radiology, revision: 5, rules: [{ ...radiology.rules[0], models: ['theirs'] }] };
  open(['trust_policy.change'], [radiology], {
    'PUT /api/v1/trust-policies/radiology': (request) => {
      seen.push(request.headers.get('if-match'));
      return seen.length === 1 ? problem(412, 'revision-mismatch', 'it is at revision 5') : { body: { ...theirs, revision: 6 } };
    },
    'GET /api/v1/trust-policies/radiology': { body: theirs },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Change radiology' }));
  await userEvent.type(await screen.findByLabelText('Models'), ' mine');
  await userEvent.click(screen.getByRole('button', { name: 'Save policy' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Drop my changes and edit that one' }));
  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>('Models').value).toBe('theirs'));
  await userEvent.click(screen.getByRole('button', { name: 'Save policy' }));
  await screen.findByText('radiology is at revision 6');
  expect(seen).toEqual(['"4"', '"5"']);
});

it('removes one only once its name is typed', async () => {
  open(['trust_policy.remove'], [radiology], { 'DELETE /api/v1/trust-policies/radiology': { body: { record_id: 'R9' } } });
  await userEvent.click(await screen.findByRole('button', { name: 'Remove radiology' }));
  await screen.findByText(/this policy alone trusts/);
  await userEvent.type(screen.getByLabelText('Type radiology to confirm'), 'radiology{Enter}');
  await screen.findByText('radiology is removed. Record R9');
});
