// On a fleet that asks every local account for a second factor: nothing is shown before it is set up.
//   CLOISTER_URL=… CLOISTER_KEY=… npm run second-factor-required
// The controller runs with --require-second-factor. An account of its own is made, and disabled again.
import { codeOf, scan } from './app.mjs';
import { inspect } from './inspect.mjs';
import { api, stage } from './stage.mjs';

const NAME = `required-${Date.now()}`;
const { address, browser, faults, task, end } = await stage('second-factor-required');
const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })).newPage();
page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) faults.push(message.text()); });
page.on('pageerror', (error) => faults.push(String(error)));
const asked = [];
page.on('request', (request) => { if (new URL(request.url()).pathname.startsWith('/api/')) asked.push(new URL(request.url()).pathname); });

await task('whoever has none is led to set one up, and nothing else is asked for or shown', async () => {
  await api('POST', '/api/v1/accounts', { name: NAME, roles: ['fleet-admin'] });
  const { token } = await api('POST', `/api/v1/accounts/${NAME}/login-link`);
  await page.goto(`${address}/login?next=/nodes#token=${token}`);
  await page.getByRole('button', { name: 'Later' }).click();
  await page.getByText('This fleet asks for a second factor').waitFor();
  await page.locator('svg.qr').waitFor();
  await inspect(page, 'second-factor-required', faults);
  const others = asked.filter((path) => !path.startsWith('/api/v1/session'));
  if (others.length > 0) faults.push(`before it was set up, the console asked for ${others.join(', ')}`);
});

await task('once it is set up, the page that was wanted is shown', async () => {
  const secret = new URL(await scan(page)).searchParams.get('secret');
  await page.getByLabel('Code', { exact: true }).fill(codeOf(secret));
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByRole('heading', { name: 'Nodes', exact: true }).waitFor();
});

await api('DELETE', `/api/v1/accounts/${NAME}`);
await end();
