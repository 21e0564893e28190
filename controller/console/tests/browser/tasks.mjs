// What a picture does not show, done with the keyboard or through faults, against a real controller.
//   CLOISTER_URL=… CLOISTER_KEY=… MODEL=folder npm run tasks
// MODEL is a signed model's folder; it is imported as `upload-test`, and removed again.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { everything, signIn } from './sessions.mjs';
import { serve } from './serve.mjs';

const OUT = fileURLToPath(new URL('./out/', import.meta.url));
mkdirSync(OUT, { recursive: true });
const fleet = { url: process.env.CLOISTER_URL ?? 'http://127.0.0.1:7080', key: process.env.CLOISTER_KEY ?? '' };
const served = await serve(fleet);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
await context.addCookies([{ ...(await signIn(fleet, everything)), url: served.address, httpOnly: true, sameSite: 'Strict' }]);
const page = await context.newPage();
const faults = [];
page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) faults.push(message.text()); });
page.on('pageerror', (error) => faults.push(String(error)));

async function task(name, run) {
  const began = performance.now();
  await run();
  console.log(`done  ${name} (${Math.round(performance.now() - began)} ms)`);
}

await task('first view of the fleet', async () => {
  await page.goto(`${served.address}/console/`);
  await page.getByText('Nodes by jurisdiction').waitFor();
});

await task('by keyboard alone: to the deployments, into one, its scale dialog and out again', async () => {
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await page.getByRole('heading', { name: 'Deployments' }).waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('ward');
  await page.getByRole('menuitem', { name: 'ward' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'ward', level: 1 }).waitFor();
  const scale = page.getByRole('button', { name: 'Scale' });
  while (!(await scale.evaluate((element) => element === document.activeElement))) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Scale ward' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

await task('a connection that is lost is said, and what is shown is marked as old until it is back', async () => {
  served.cut(true);
  await page.getByText('No connection to the controller.').waitFor();
  await page.screenshot({ path: `${OUT}lost-light-1440.png` });
  served.cut(false);
  await page.getByText('No connection to the controller.').waitFor({ state: 'detached' });
});

await task('an upload that is broken off goes on, and the model is verified and kept', async () => {
  await page.goto(`${served.address}/console/models?import`);
  await page.getByLabel('Name in the fleet').fill('upload-test');
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Choose the model’s folder' }).click()]);
  await chooser.setFiles(process.env.MODEL);
  served.cutAfter(4);
  await page.getByRole('button', { name: 'Upload and verify' }).click();
  await page.getByText('waits for the controller to answer').waitFor();
  await page.screenshot({ path: `${OUT}upload-waiting-light-1440.png` });
  served.cut(false);
  await page.getByText('is verified and kept').waitFor({ timeout: 120_000 });
  await page.screenshot({ path: `${OUT}upload-over-light-1440.png` });
});

await task('a model is removed, by keyboard, and only once its name is typed', async () => {
  await page.goto(`${served.address}/console/models/upload-test?remove`);
  await page.getByLabel('Type upload-test to confirm').waitFor();
  await page.keyboard.type('upload-tes');
  await page.keyboard.press('Enter');
  if (!(await page.getByRole('button', { name: 'Remove model' }).isDisabled())) faults.push('removing was offered before the name was right');
  await page.keyboard.type('t');
  await page.keyboard.press('Enter');
  await page.getByText('upload-test is removed').waitFor();
});

await browser.close();
served.close();
for (const fault of faults) console.log(`fault ${fault}`);
if (faults.length > 0) process.exit(1);
