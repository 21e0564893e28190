// What a person does from a login link on: sign in, ask, stop, prove, and be signed out in the middle of it.
//   CLOISTER_URL=… CLOISTER_KEY=… CLOISTER_AUDIT=cloister-audit npm run people
// The fleet has a deployment that answers. An account of its own is made, and disabled again.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { serve } from './serve.mjs';

const url = process.env.CLOISTER_URL ?? 'http://127.0.0.1:7080';
const name = `walk-${Date.now()}`;
const PASSWORD = 'nine calm herons on a roof';
const api = async (method, path, body) => {
  const headers = { authorization: `Bearer ${process.env.CLOISTER_KEY}`, 'content-type': 'application/json' };
  const response = await fetch(url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.headers.get('content-type')?.includes('json') ? response.json() : response.text();
};

const served = await serve({ url });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true })).newPage();
const faults = [];
page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) faults.push(message.text()); });
page.on('pageerror', (error) => faults.push(String(error)));

async function task(title, run) {
  const began = performance.now();
  await run();
  console.log(`done  ${title} (${Math.round(performance.now() - began)} ms)`);
}

const question = () => page.getByLabel('Your question');
const newestOf = async (kind) => (await api('GET', `/api/v1/audit/records?limit=1&kind=${kind}`)).records[0];

await task('a login link signs in once, and leads to a first password', async () => {
  await api('POST', '/api/v1/accounts', { name, roles: ['fleet-admin'] });
  const { token } = await api('POST', `/api/v1/accounts/${name}/login-link`);
  const link = `${served.address}/console/login?next=//evil.example/#token=${token}`;
  await page.goto(link);
  await page.getByLabel('New password').fill('too short');
  await page.getByRole('button', { name: 'Save password' }).click();
  await page.getByText('At least 12 characters; 9 so far').waitFor();
  await page.getByLabel('New password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Save password' }).click();
  await page.getByRole('heading', { name: 'Fleet' }).waitFor();
  if (page.url().includes('token') || !page.url().startsWith(served.address)) faults.push(`after the link the address is ${page.url()}`);
});

await task('signing out, and in again with the password; a wrong one is refused', async () => {
  await page.getByRole('button', { name: /Account and theme/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password').fill('not this one at all');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Fleet' }).waitFor();
});

await task('by keyboard alone: to the playground, a question, an answer, its record', async () => {
  await page.keyboard.press('g');
  await page.keyboard.press('p');
  await question().waitFor();
  while (!(await question().evaluate((field) => field === document.activeElement))) await page.keyboard.press('Tab');
  await page.keyboard.type('Say <b>hello</b> in one word.');
  await page.keyboard.press('Enter');
  const record = page.getByRole('button', { name: 'Show the record' });
  await record.waitFor({ timeout: 60_000 });
  while (!(await record.evaluate((button) => button === document.activeElement))) await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await page.getByText('When it ended').waitFor();
  if (await page.locator('.turn b').count()) faults.push('markup of a question became markup');
});

await task('the evidence of the answer holds, checked offline', async () => {
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save the evidence' }).click()]);
  const [file, key] = [join(tmpdir(), saved.suggestedFilename()), join(tmpdir(), `${name}.vkey`)];
  await saved.saveAs(file);
  writeFileSync(key, await api('GET', '/api/v1/audit/key'));
  if (!process.env.CLOISTER_AUDIT) return console.log('skip  no CLOISTER_AUDIT, so nothing was checked');
  console.log(execFileSync(process.env.CLOISTER_AUDIT, ['verify', file, '--key', key], { encoding: 'utf8' }).split('\n').slice(0, 3).join('\n'));
});

await task('stopping closes the request, and that is on record', async () => {
  await page.getByRole('button', { name: 'Parameters' }).click({ timeout: 1000 }).catch(() => undefined);
  // Without chance, and with a question whose answer goes on until the last token: it is still coming when Stop is pressed.
  await page.getByLabel('Temperature').fill('0');
  await page.getByLabel('Most tokens').fill('2000');
  const byHer = async (kind) => {
    const newest = await newestOf(kind);
    return JSON.parse(newest?.leaf_json ?? 'null')?.actor.name === name ? newest.id : undefined;
  };
  // An answer may end by itself in the moment in which it is stopped: then it is asked for again.
  for (let asked = 1; ; asked += 1) {
    const completed = await byHer('inference.completed');
    await question().fill('Tell me a very long story about a heron.');
    await page.keyboard.press('Enter');
    await page.locator('.answer[data-phase="answering"] span').nth(1).waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('stopped by you').nth(asked - 1).waitFor();
    const deadline = performance.now() + 30_000;
    let interrupted;
    while (!(interrupted = await byHer('inference.interrupted')) && (await byHer('inference.completed')) === completed) {
      if (performance.now() > deadline) throw new Error('the stopped request has no record of how it ended');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    if (interrupted) break;
    if (asked === 3) throw new Error('three requests that were stopped ended by themselves');
  }
});

await task('a session that somebody ends: the question is kept, and asked after signing in again', async () => {
  await page.getByLabel('Most tokens').fill('16');
  await question().fill('What was I going to ask?');
  const { sessions } = await api('GET', '/api/v1/sessions');
  for (const session of sessions.filter((open) => open.account_name === name)) await api('DELETE', `/api/v1/sessions/${session.id}`);
  await page.getByText('Sign in again to go on').waitFor();
  if (await page.locator('.content').isVisible()) faults.push('what is on the page can be read although the session ended');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByText('Sign in again to go on').waitFor({ state: 'detached' });
  if ((await question().inputValue()) !== 'What was I going to ask?') faults.push('the question was lost');
  await question().press('Enter');
  await page.getByRole('button', { name: 'Show the record' }).nth(1).waitFor({ timeout: 60_000 });
});

await api('DELETE', `/api/v1/accounts/${name}`);
await task('an account that is disabled is out at once', () => page.getByText('Sign in again to go on').waitFor());
await browser.close();
served.close();
for (const fault of faults) console.log(`fault ${fault}`);
if (faults.length > 0) process.exit(1);
