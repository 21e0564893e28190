import { auditor, developer, nobody } from './sessions.mjs';

// What is looked at: a name for the picture, an address, a text that says it is there, and what is done then.
// `dialog`: one is open then; `empty`: only on a fleet in which there is nothing yet; `session`: as somebody else than a fleet admin.
const model = process.env.MODEL_NAME ?? 'smollm2-135m';
export const views = [
  { name: 'first-steps', path: '/', shows: 'First steps', empty: true },
  { name: 'playground-nothing', path: '/playground', shows: 'There is nothing to ask yet', empty: true },
  { name: 'fleet', path: '/', shows: 'Nodes by jurisdiction' },
  { name: 'fleet-developer', path: '/', shows: 'Nodes ready', session: developer },
  { name: 'nodes', path: '/nodes', shows: 'this-machine' },
  { name: 'node', path: '/nodes/this-machine', shows: 'Inventory' },
  { name: 'node-add', dialog: true, path: '/nodes?add', shows: 'Create token' },
  { name: 'node-token', dialog: true, path: '/nodes?add', shows: 'Create token', then: async (page) => {
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByText('Run this on the new machine').waitFor();
  } },
  { name: 'node-cordon', dialog: true, path: '/nodes/this-machine?cordon', shows: 'stays, and goes on serving' },
  { name: 'node-drain', dialog: true, path: '/nodes/this-machine?drain', shows: 'There is no other node' },
  { name: 'node-open', dialog: true, path: '/nodes/this-machine?open', shows: 'It takes replicas from now on' },
  { name: 'node-revoke', dialog: true, path: '/nodes/this-machine?revoke', shows: 'to confirm' },
  { name: 'node-none', path: '/nodes/nowhere', shows: 'There is no such node' },
  { name: 'models', path: '/models', shows: 'Signers' },
  { name: 'models-import', dialog: true, path: '/models?import', shows: 'Upload and verify' },
  { name: 'models-import-source', dialog: true, path: '/models?import', shows: 'Upload and verify', then: async (page) => {
    await page.getByRole('tab', { name: 'Where the controller can fetch it' }).click();
    await page.getByRole('button', { name: 'Fetch and verify' }).click();
  } },
  { name: 'models-trust', dialog: true, path: '/models?trust', shows: 'Public key, PEM' },
  { name: 'models-policy', dialog: true, path: '/models?policy', shows: 'Name of the policy' },
  { name: 'model', path: `/models/${model}`, shows: 'Provenance' },
  { name: 'model-remove', dialog: true, path: `/models/${model}?remove`, shows: 'is in use' },
  { name: 'deployments', path: '/deployments', shows: 'ward' },
  { name: 'deployment', path: '/deployments/ward', shows: 'Nodes that were considered' },
  { name: 'deployment-unplaced', path: '/deployments/discharge-letters', shows: 'is nowhere' },
  { name: 'deployment-new', dialog: true, path: '/deployments?new', shows: 'Sequences at once' },
  { name: 'deployment-edit', dialog: true, path: '/deployments/ward?edit', shows: 'Sequences at once' },
  { name: 'deployment-scale', dialog: true, path: '/deployments/ward?scale', shows: 'wanted now' },
  { name: 'deployment-restart', dialog: true, path: '/deployments/ward?restart', shows: 'This makes a new revision' },
  { name: 'deployment-history', path: '/deployments/ward/history', shows: 'What changed' },
  { name: 'deployment-events', path: '/deployments/ward/events', shows: 'kept for 7 days' },
  { name: 'deployment-logs', path: '/deployments/ward/logs', shows: 'worker.' },
  { name: 'deployment-logs-denied', path: '/deployments/ward/logs', shows: 'replica.logs', session: developer },
  { name: 'deployment-remove', dialog: true, path: '/deployments/ward?remove', shows: 'to confirm' },
  { name: 'audit', path: '/audit', shows: 'Root hash' },
  { name: 'audit-none', path: '/audit?kind=trust_policy.removed', shows: 'No record matches' },
  { name: 'audit-queries', dialog: true, path: '/audit?kind=model.imported&queries', shows: 'Save the present filter', then: async (page) => {
    await page.getByLabel('Save the present filter as').fill('imports');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'imports' }).waitFor();
  } },
  { name: 'audit-record', path: '/audit?kind=inference.completed', shows: 'got an answer', then: async (page) => {
    await page.getByRole('link', { name: /got an answer/ }).first().click();
    await page.getByText('byte for byte').waitFor();
  } },
  { name: 'access-keys', path: '/access/keys', shows: 'API keys' },
  { name: 'access-key-new', dialog: true, path: '/access/keys?new', shows: 'Create key' },
  { name: 'access-accounts', path: '/access/accounts', shows: 'm.okafor' },
  { name: 'access-account-new', dialog: true, path: '/access/accounts?new', shows: 'Create account' },
  { name: 'access-account-roles', dialog: true, path: '/access/accounts?roles=m.okafor', shows: 'Save roles', then: async (page) => {
    await page.getByText('operator', { exact: true }).last().click();
    await page.getByText('It will also be able to').waitFor();
  } },
  { name: 'access-account-link', dialog: true, path: '/access/accounts?link=j.lindqvist', shows: 'Make the link', then: async (page) => {
    await page.getByRole('button', { name: 'Make the link' }).click();
    await page.getByText('shown only now').waitFor();
  } },
  { name: 'access-account-disable', dialog: true, path: '/access/accounts?disable=j.lindqvist', shows: 'to confirm' },
  { name: 'access-roles', path: '/access/roles', shows: 'inference.ask' },
  { name: 'access-sessions', path: '/access/sessions', shows: 'this one' },
  { name: 'access-auditor', path: '/access/accounts', shows: 'programs use API keys', session: auditor },
  { name: 'playground', path: '/playground', shows: 'Your question' },
  { name: 'playground-answer', path: '/playground', shows: 'Your question', then: async (page) => {
    await askInPlayground(page, 'In one sentence: what does a ward round do?');
    await page.getByRole('button', { name: 'Show the record' }).click();
    await page.getByText('When it ended').waitFor();
  } },
  { name: 'playground-two', path: '/playground?ask=ward&beside=quickstart', shows: 'Your question', then: (page) => askInPlayground(page, 'Name three signs of an infection.') },
  { name: 'playground-refused', path: '/playground?ask=gone', refused: 404, shows: 'Your question', then: async (page) => {
    await page.getByLabel('Your question').fill('Is anybody there?');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
  } },
  { name: 'playground-developer', path: '/playground', shows: 'Your question', session: developer },
  { name: 'operations', path: '/operations', shows: 'Root hash' },
  { name: 'denied', path: '/playground', shows: 'does not have the right', session: auditor },
  { name: 'login', path: '/', shows: 'User name', session: nobody },
  { name: 'missing', path: '/nothing', shows: 'No such page' },
  { name: 'palette', dialog: true, path: '/', shows: 'Nodes by jurisdiction', then: async (page) => {
    await page.keyboard.press('Control+k');
    await page.getByRole('menuitem').first().waitFor();
  } },
  { name: 'shortcuts', dialog: true, path: '/', shows: 'Nodes by jurisdiction', then: async (page) => {
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
  } },
];

async function askInPlayground(page, question) {
  await page.getByLabel('Your question').fill(question);
  await page.keyboard.press('Enter');
  for (const answer of await page.getByRole('button', { name: /^(Stop|Show the record)$/ }).all()) await answer.waitFor();
  await page.getByRole('button', { name: 'Ask', exact: true }).waitFor({ timeout: 60_000 });
}
