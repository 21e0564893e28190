// A trust policy from making it to removing it, on a real fleet.
//   CLOISTER_URL=… CLOISTER_KEY=… SIGNER=public.pem npm run trust
import { readFile } from 'node:fs/promises';
import { inspect } from './inspect.mjs';
import { everything } from './sessions.mjs';
import { api, stage } from './stage.mjs';

const { SIGNER } = process.env;
const NAME = `trial-${Date.now()}`;
const { address, faults, person, task, end } = await stage('trust');
const page = await person(everything);
const row = page.getByRole('table', { name: 'Trust policies' }).getByRole('row').filter({ hasText: NAME });

await task('a policy lets one signer sign models of certain names', async () => {
  await page.goto(`${address}/models?policy`);
  await page.getByLabel('Name of the policy').fill(NAME);
  await page.getByRole('textbox', { name: 'Models', exact: true }).fill('trial-* other');
  await page.getByLabel('Signer', { exact: true }).fill('trial-signer');
  await page.getByLabel('Public key, PEM').fill('-----BEGIN PUBLIC KEY-----\nnone\n-----END PUBLIC KEY-----');
  await page.getByRole('button', { name: 'Make policy' }).click();
  await page.getByRole('alert').filter({ hasText: 'In rule 1, signer 1: the public key cannot be used' }).waitFor();
  await page.getByLabel('Public key, PEM').fill(await readFile(SIGNER, 'utf8'));
  await inspect(page, 'trust-policy', faults);
  await page.getByRole('button', { name: 'Make policy' }).click();
  await row.getByText('trial-*, other').waitFor();
  await inspect(page, 'trust-policies', faults);
});

await task('a second rule is added, and what another admin saved meanwhile is not overwritten', async () => {
  await row.getByRole('button', { name: `Change ${NAME}` }).click();
  await page.getByRole('button', { name: 'Add a rule' }).click();
  const second = page.getByRole('group', { name: 'Rule 2' });
  await second.getByRole('textbox', { name: 'Models', exact: true }).fill('mine');
  await second.getByLabel('Signer', { exact: true }).fill('trial-signer');
  await second.getByLabel('Public key, PEM').fill(await readFile(SIGNER, 'utf8'));
  const theirs = await api('GET', `/api/v1/trust-policies/${NAME}`);
  await api('PUT', `/api/v1/trust-policies/${NAME}`, { rules: [{ ...theirs.rules[0], models: ['theirs'] }] });
  await page.getByRole('button', { name: 'Save policy' }).click();
  await page.getByText('Somebody else changed this policy').waitFor();
  await page.getByRole('button', { name: 'Drop my changes and edit that one' }).click();
  await page.getByRole('group', { name: 'Rule 1' }).getByRole('textbox', { name: 'Models', exact: true }).fill('theirs mine');
  await page.getByRole('button', { name: 'Save policy' }).click();
  await row.getByText('theirs, mine').waitFor();
  const { rules, revision } = await api('GET', `/api/v1/trust-policies/${NAME}`);
  if (revision !== 3 || rules.length !== 1) faults.push(`it is at revision ${revision} with ${rules.length} rules`);
});

await task('it is removed by name, and the log has all of it', async () => {
  await row.getByRole('button', { name: `Remove ${NAME}` }).click();
  await page.getByLabel(`Type ${NAME} to confirm`).fill(NAME);
  await page.keyboard.press('Enter');
  await row.waitFor({ state: 'detached' });
  await page.goto(`${address}/audit?subject=${NAME}`);
  for (const kind of ['trust_policy.created', 'trust_policy.changed', 'trust_policy.removed']) await page.locator('.entry-kind', { hasText: kind }).first().waitFor();
});

await end();
