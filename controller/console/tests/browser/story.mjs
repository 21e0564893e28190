// The daily tasks, done by a person's means in a real browser against a real fleet. `scripts/console-browser.sh` starts
// the fleet, and says here by LINK, CLOISTER_URL, CLOISTER_KEY, MODEL, SIGNER and PICTURES where it is.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const { CLOISTER_URL: url, CLOISTER_KEY: key, LINK, MODEL, SIGNER, PICTURES } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const PASSWORD = 'a sentence that is kept in mind';
const PAGES = ['', 'nodes', 'models', 'deployments', 'playground', 'audit', 'access', 'operations'];
const ROLES = ['fleet-admin', 'operator', 'model-approver', 'auditor', 'developer', 'user', 'vendor-support'];

mkdirSync(PICTURES, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const faults = [];

/** Somebody's browser. What it complains of is a fault, but for answers that refuse. */
async function person(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  return page;
}

async function task(name, run) {
  const began = performance.now();
  await run().catch(async (error) => {
    const open = browser.contexts().flatMap((context) => context.pages());
    for (const [number, shown] of open.entries()) await shown.screenshot({ path: `${PICTURES}/failed-${number}.png` });
    console.log(`what was shown then: ${PICTURES}/failed-*.png`);
    throw error;
  });
  console.log(`done  ${name} (${Math.round(performance.now() - began)} ms)`);
}

async function api(method, path, body) {
  const response = await fetch(url + path, { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, ...(body ? { body: JSON.stringify(body) } : {}) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function until(what, condition) {
  const deadline = performance.now() + 120_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Through the link of an account with this role, made where it is missing. */
async function signedInAs(role, options) {
  const { accounts } = await api('GET', '/api/v1/accounts');
  if (!accounts.some(({ name }) => name === role)) await api('POST', '/api/v1/accounts', { name: role, roles: [role] });
  const { token } = await api('POST', `/api/v1/accounts/${role}/login-link`);
  const page = await person(options);
  await page.goto(`${url}/console/login#token=${token}`);
  await page.getByRole('button', { name: 'Later' }).or(page.getByRole('button', { name: 'Save password' })).first().waitFor();
  return page;
}

const page = await person();

await task('the printed link lets in once, and a password is chosen', async () => {
  await page.goto(LINK);
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Save password' }).click();
  await page.getByText('First steps').waitFor();
  const other = await person();
  await other.goto(LINK);
  await other.getByText('used before').waitFor();
  await other.context().close();
});

await task('a signer is trusted, and a signed model is imported', async () => {
  await page.goto(`${url}/console/models`);
  await page.getByRole('button', { name: 'Trust a signer' }).first().click();
  await page.getByLabel('Who holds it').fill('radiology');
  await page.getByLabel('Public key, PEM').fill(readFileSync(SIGNER, 'utf8'));
  await page.getByRole('button', { name: 'Trust', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.goto(`${url}/console/models?import`);
  await page.getByLabel('Name in the fleet').fill('smollm2');
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Choose the model’s folder' }).click()]);
  await chooser.setFiles(MODEL);
  await page.getByRole('button', { name: 'Upload and verify' }).click();
  await page.getByText('is verified and kept').waitFor({ timeout: 120_000 });
});

await task('it is deployed, and ready', async () => {
  await page.goto(`${url}/console/deployments?new`);
  await page.getByLabel('Name', { exact: true }).fill('ward');
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.goto(`${url}/console/deployments/ward`);
  await until('a ready replica', async () => (await api('GET', '/api/v1/replicas?deployment=ward')).replicas.some(({ phase }) => phase === 'ready'));
});

await task('a question is answered, and the record of the answer holds, checked in this browser', async () => {
  await page.goto(`${url}/console/playground`);
  await page.getByLabel('Your question').fill('Name three signs of an infection after surgery.');
  await page.getByRole('button', { name: 'Ask' }).click();
  await page.getByRole('button', { name: 'Show the record' }).click({ timeout: 120_000 });
  await page.getByRole('button', { name: 'Take the controller’s own' }).click();
  await page.getByText('Compare it with one that you have from elsewhere').waitFor();
  await page.getByRole('button', { name: 'Pin it' }).click();
  await page.getByRole('button', { name: 'Check it here' }).click();
  await page.getByText('It holds.').waitFor({ timeout: 60_000 });
  await page.screenshot({ path: `${PICTURES}/verified-light-1440.png`, fullPage: true });
});

await task('evidence that was altered on the way does not hold', async () => {
  await page.route('**/api/v1/audit/evidence*', async (route) => {
    const answer = await route.fetch();
    const text = await answer.text();
    await route.fulfill({ response: answer, body: text.replace('radiology', 'cardiology') });
  });
  await page.goto(`${url}/console/audit`);
  await page.getByRole('button', { name: 'Check it here' }).click();
  await page.getByText('It does not hold').waitFor({ timeout: 60_000 });
  await page.unroute('**/api/v1/audit/evidence*');
  await page.getByRole('button', { name: 'Check it here' }).click();
  await page.getByText('It holds.').waitFor({ timeout: 60_000 });
});

await task('a session that ends in the middle of a form loses nothing', async () => {
  await page.goto(`${url}/console/deployments?new`);
  await page.getByLabel('Name', { exact: true }).fill('brief');
  const { sessions } = await api('GET', '/api/v1/sessions');
  for (const { id, account_name: name } of sessions) if (name === 'admin') await api('DELETE', `/api/v1/sessions/${id}`);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByLabel('Password').press('Enter');
  await page.getByLabel('Password').waitFor({ state: 'detached' });
  if ((await page.getByLabel('Name', { exact: true }).inputValue()) !== 'brief') throw new Error('what was typed is gone');
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await api('DELETE', '/api/v1/deployments/brief');
});

await task('each role is shown what it may see, and told what it may not', async () => {
  for (const role of ROLES) {
    const theirs = await signedInAs(role);
    const { actions } = await theirs.evaluate(async () => (await fetch('/api/v1/session')).json());
    for (const [path, action] of [['nodes', 'node.read'], ['audit', 'audit.read'], ['access', 'key.read'], ['playground', 'inference.ask']]) {
      await theirs.goto(`${url}/console/${path}`);
      const denied = theirs.getByText(/does not|do not allow|needs the right|not allowed/i).first();
      const heading = theirs.getByRole('heading', { level: 1 }).first();
      await heading.waitFor();
      const isDenied = await denied.isVisible();
      if (isDenied === actions.includes(action)) throw new Error(`${role} on ${path}: denied is ${isDenied}, ${action} is ${actions.includes(action)}`);
    }
    await theirs.context().close();
  }
});

/** Runs in the page: nothing stands in for what is still to come, and every chart is drawn. */
const isShown = () => !document.querySelector('.skeleton')
  && [...document.querySelectorAll('.chart')].every((chart) => chart.querySelector('.chart-canvas canvas, .chart-nothing'));

let looked = 0;
await task('axe finds nothing on any page, in both themes and two sizes', async () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const [width, height] of [[1440, 900], [390, 844]]) {
      const theirs = await signedInAs('fleet-admin', { colorScheme, viewport: { width, height } });
      for (const path of PAGES) {
        await theirs.goto(`${url}/console/${path}`);
        await theirs.getByRole('heading', { level: 1 }).first().waitFor();
        await theirs.waitForFunction(isShown);
        await theirs.screenshot({ path: `${PICTURES}/${path || 'fleet'}-${colorScheme}-${width}.png`, fullPage: true });
        if (await theirs.evaluate(() => document.documentElement.scrollWidth > innerWidth)) faults.push(`${path} ${width}: wider than the window`);
        await theirs.evaluate(AXE);
        const { violations } = await theirs.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
        for (const { id, nodes } of violations) faults.push(`axe ${path} ${colorScheme} ${width}: ${id}: ${nodes[0].html.slice(0, 160)}`);
        looked += 1;
      }
      await theirs.context().close();
    }
  }
});

await browser.close();
console.log(`${looked} pictures in ${PICTURES}; ${faults.length} faults`);
for (const fault of faults) console.log(`fault ${fault}`);
if (faults.length > 0) process.exit(1);
