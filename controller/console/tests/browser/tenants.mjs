// Tenants: one is made, gets its own admin, deployment and key by hand, sees nothing else, and is counted for itself.
//   CLOISTER_URL=… CLOISTER_KEY=… npm run tenants
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { everything } from './sessions.mjs';
import { api, OUT, stage, until } from './stage.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { address, faults, person, task, end } = await stage('tenants');
const page = await person(everything);
const theirAdmin = `s.heart-${Date.now()}`;

async function clean(on, name) {
  for (const width of [1440, 390]) {
    await on.setViewportSize({ width, height: 900 });
    for (const theme of ['light', 'dark']) {
      await on.emulateMedia({ colorScheme: theme });
      await on.screenshot({ path: `${OUT}/${name}-${theme}-${width}.png`, fullPage: true });
    }
  }
  await on.setViewportSize({ width: 1440, height: 900 });
  await on.emulateMedia({ colorScheme: 'light' });
  await on.evaluate(AXE);
  const { violations } = await on.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  for (const { id, nodes } of violations) faults.push(`axe ${name}: ${id}: ${nodes[0].html.slice(0, 160)}`);
}

await task('a tenant is made, and a person for it', async () => {
  await page.goto(`${address}/access/tenants?new`);
  await page.getByLabel('Name', { exact: true }).fill('cardiology');
  await page.getByLabel('Called').fill('Cardiology, house 3');
  await page.getByRole('button', { name: 'Create tenant' }).click();
  await page.getByText('Cardiology, house 3').waitFor();
  await page.goto(`${address}/access/accounts?new`);
  await page.getByLabel('Name', { exact: true }).fill(theirAdmin);
  await page.getByRole('button', { name: /Belongs to/ }).click();
  await page.getByRole('option', { name: /cardiology/ }).click();
  await page.getByRole('dialog').getByText('fleet-admin', { exact: true }).click();
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByText('This address signs').waitFor();
  await page.getByRole('button', { name: 'Done' }).click();
  await clean(page, 'tenants');
});

const theirs = await person({ name: theirAdmin });

await task('its admin sees nothing of the fleet’s, and no page that is the fleet’s affair', async () => {
  await theirs.goto(`${address}/deployments`);
  await theirs.getByText('Nothing is deployed').waitFor();
  const links = await theirs.getByRole('navigation').first().getByRole('link').allTextContents();
  if (links.some((link) => link.includes('Nodes'))) faults.push('nodes are in a tenant\'s menu');
  await theirs.goto(`${address}/access/accounts`);
  await theirs.getByText(theirAdmin).first().waitFor();
  if (await theirs.getByText(everything.name).count()) faults.push('an account of the fleet is shown to a tenant');
});

await task('it deploys, asks, and is counted', async () => {
  await theirs.goto(`${address}/deployments?new`);
  await theirs.getByLabel('Name', { exact: true }).fill('heart');
  if (await theirs.getByRole('button', { name: /Belongs to/ }).count()) faults.push('a tenant is asked whose a deployment is to be');
  await theirs.getByRole('button', { name: 'Deploy', exact: true }).click();
  await theirs.waitForURL(/deployments\/heart/);
  await until('heart answers', async () => (await api('GET', '/api/v1/deployments/heart')).ready_replicas === 1, 120_000);
  await theirs.goto(`${address}/playground?deployment=heart`);
  await theirs.getByLabel('Your question').fill('Say hello.');
  await theirs.keyboard.press('Enter');
  await theirs.getByRole('button', { name: 'Show the record' }).waitFor({ timeout: 90_000 });
  await theirs.goto(`${address}/access/usage`);
  await theirs.getByText(/^1 request from/).waitFor();
  await clean(theirs, 'usage');
  await page.goto(`${address}/access/usage?by=tenant`);
  const table = page.getByRole('table', { name: 'Usage' });
  await table.getByText('the fleet itself').waitFor();
  await table.getByText('cardiology').waitFor();
});

await task('a tenant that is not empty says what is left, and an empty one is removed by its name', async () => {
  await page.goto(`${address}/access/tenants`);
  await page.getByRole('button', { name: 'Remove cardiology' }).click();
  await page.getByText('It still has 1 account, 1 deployment').waitFor();
  await page.getByRole('button', { name: 'Close' }).last().click();
  await api('DELETE', '/api/v1/deployments/heart');
  await api('DELETE', `/api/v1/accounts/${theirAdmin}`);
  await page.reload();
  await page.getByRole('button', { name: 'Remove cardiology' }).click();
  await page.getByLabel('Type cardiology to confirm').fill('cardiology');
  await page.getByRole('button', { name: 'Remove tenant' }).click();
  await page.getByText('No tenant', { exact: true }).waitFor();
});

await end();
