// Text from outside stays text: what the API lets in, and what a controller that lies would answer, on every page.
//   CLOISTER_URL=… CLOISTER_KEY=… npm run hostile
// The fleet has the deployment `ward`, the model `smollm2` and the node `this-machine`.
import { ASCII, found, HOSTILE, poisoned } from './planted.mjs';
import { api, stage } from './stage.mjs';

const { address, browser, faults, person, task, end } = await stage('hostile');
// A line separator matches no pattern of an address.
const spelt = encodeURIComponent(HOSTILE.replaceAll('\u2028', ''));
const everyone = (name) => encodeURIComponent(name + HOSTILE);
const { records } = await api('GET', '/api/v1/audit/records?limit=1000');
const oneOfEachKind = [...new Map(records.map(({ kind, id }) => [kind, `/audit/${id}`])).values()];

/** Looks at what is shown now. `least`: how often the text must be there, so that a page that shows nothing does not pass. */
async function look(page, name, least = 1) {
  const { bad, shown } = await page.evaluate(found);
  for (const text of bad) faults.push(`${name}: ${text}`);
  if (shown < least) faults.push(`${name}: the text is shown ${shown} times, so this proves nothing`);
}

async function visit(page, path, least) {
  await page.goto(address + path);
  await page.getByRole('heading').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('.skeleton'));
  await look(page, path.replaceAll(/%\S*%\w*/g, '…'), least);
}

await task('what looks for harm finds it where there is some', async () => {
  const page = await browser.newPage();
  await page.setContent(`<p class="a">${HOSTILE}</p>`);
  await page.waitForFunction(() => globalThis.ran === 1);
  const { bad } = await page.evaluate(found);
  for (const wanted of ['a script ran', 'became an element', 'obeyed marks']) if (!bad.some((text) => text.startsWith(wanted))) faults.push(`not found: ${wanted}`);
  await page.context().close();
});

const page = await person();

await task('what the API lets in: the name of a browser, denied calls, an import of no file', async () => {
  await api('POST', '/api/v1/session', { method: 'password', name: HOSTILE, password: HOSTILE }, { authorization: '', 'user-agent': ASCII }).catch(() => undefined);
  const { token } = await api('POST', '/api/v1/accounts/a.weber/login-link');
  await api('POST', '/api/v1/session', { method: 'link', token }, { authorization: '', 'user-agent': ASCII });
  await page.goto(`${address}/access/sessions`);
  await page.getByText('class="planted"').first().waitFor();
  await look(page, 'sessions');
  for (const path of ['/audit', '/audit?kind=access.denied']) await visit(page, path, 0);
  await page.goto(`${address}/models?import`);
  await page.getByRole('tab', { name: 'Where the controller can fetch it' }).click();
  await page.getByLabel('Name in the fleet').fill('hostile');
  await page.getByLabel('Source', { exact: true }).click();
  await page.getByRole('option', { name: 'Archive over HTTPS' }).click();
  await page.getByLabel('Address').fill(`https://models.invalid/${ASCII}`);
  await page.getByLabel('SHA-256 of the archive').fill('0'.repeat(64));
  await page.getByRole('button', { name: 'Fetch and verify' }).click();
  await page.getByRole('alert').or(page.getByText('hostile', { exact: true })).first().waitFor();
  await look(page, 'import', 0);
});

await task('addresses that say more than where to go', async () => {
  for (const path of [`/deployments/${spelt}`, `/nodes/${spelt}`, `/models/${spelt}`]) await visit(page, path, 1);
  await visit(page, '/nodes/%E2%80%A8', 0);
  for (const path of [`/nothing/${spelt}`, `/audit/${spelt}`, `/audit?kind=${spelt}&subject=${spelt}`, `/playground?ask=${spelt}`]) await visit(page, path, 0);
  await page.goto(`${address}/login?next=javascript:window.ran=1`);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await look(page, 'next', 0);
});

await task('a question, a system prompt and an answer', async () => {
  const chunk = (delta, finish = null) => `data: ${JSON.stringify({ choices: [{ delta, finish_reason: finish }] })}\n\n`;
  await page.route('**/v1/chat/completions', (route) => route.fulfill({
    headers: { 'content-type': 'text/event-stream', 'x-cloister-record': records[0].id },
    body: `${[...`${HOSTILE}\n**bold** [a](javascript:window.ran=1) ![b](x)`].map((content) => chunk({ content })).join('')}${chunk({}, HOSTILE)}data: [DONE]\n\n`,
  }));
  await page.goto(`${address}/playground`);
  await page.getByLabel('System prompt').fill(HOSTILE);
  await page.getByLabel('Your question').fill(HOSTILE);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Show the record' }).click();
  await look(page, 'playground', 2);
  await page.unroute('**/v1/chat/completions');
  await page.route('**/v1/chat/completions', (route) => route.fulfill({ status: 404, json: { error: { message: HOSTILE } } }));
  await page.getByLabel('Your question').fill('Is anybody there?');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  await look(page, 'refused answer', 3);
  await page.unroute('**/v1/chat/completions');
});

await task('a refusal with a hostile reason, on every page and in a dialog', async () => {
  const refusal = { type: 'urn:cloister:problem:invalid', title: HOSTILE, status: 400, detail: HOSTILE };
  await page.route(/\/api\/v1\/(?!session|version)|\/v1\/models/, (route) => route.fulfill({ status: 400, contentType: 'application/problem+json', json: refusal }));
  for (const path of ['/nodes', '/models', '/deployments', '/deployments/ward', '/playground', '/audit', '/access/keys', '/access/accounts', '/access/sessions', '/operations']) await visit(page, path, 1);
  await page.goto(`${address}/access/keys?new`);
  await page.getByLabel('Name', { exact: true }).fill('a-key');
  await page.getByRole('button', { name: 'Create key' }).click();
  await page.getByRole('dialog').getByRole('alert').waitFor();
  await look(page, 'refused key');
  await page.unroute(/\/api\/v1\/(?!session|version)|\/v1\/models/);
});

await task('every page and dialog, with a controller whose every text is hostile', async () => {
  await page.route(/\/api\/v1\/(?!events)|\/v1\/models/, async (route) => {
    const answer = await route.fetch();
    const isJson = answer.headers()['content-type']?.includes('json');
    return isJson ? route.fulfill({ response: answer, json: poisoned(await answer.json()) }) : route.fulfill({ response: answer });
  });
  const pages = ['/', '/nodes', '/models', '/deployments', '/playground', '/audit', '/access/keys', '/access/accounts', '/access/sessions', '/access/tenants', '/access/usage', '/operations', '/nodes/this-machine', '/models/smollm2', '/deployments/ward'];
  const dialogs = ['/nodes/this-machine?revoke', '/models/smollm2?remove', '/deployments/ward?edit', '/deployments/ward?scale', '/deployments/ward?remove',
    ...['roles', 'link', 'disable'].map((what) => `/access/accounts?${what}=${everyone('m.okafor')}`)];
  for (const path of [...pages, ...dialogs, ...oneOfEachKind]) await visit(page, path, 1);
  await visit(page, '/deployments', 1);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('ward');
  await page.getByRole('menuitem', { name: /ward/ }).first().waitFor();
  await look(page, 'palette');
});

await end();
