// What changes is shown as it happens, in all tabs, over one stream; after a restart of the controller, too; and where
// no stream can be had, a little later.
//   PROGRAMS=target/debug npm run live
// Starts a controller of its own, because it stops it.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { everything, signIn } from './sessions.mjs';

const PROGRAMS = process.env.PROGRAMS ?? fileURLToPath(new URL('../../../../target/debug', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'cloister-live.'));
const data = join(work, 'data');
const port = await freePort();
const url = `http://127.0.0.1:${port}`;
let controller = await startController();
process.env.CLOISTER_URL = url;
process.env.CLOISTER_KEY = readFileSync(join(data, 'admin.key'), 'utf8').trim();
process.env.PICTURES ??= fileURLToPath(new URL('./out', import.meta.url));
const { api, expect, faults, finish, person, task, until } = await import('./walk.mjs');

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
}

async function startController() {
  const program = spawn(join(PROGRAMS, 'cloister-controller'), ['--data', data, '--http', `127.0.0.1:${port}`, '--grpc', '127.0.0.1:0', '--agents', '127.0.0.1:0'], { stdio: 'ignore' });
  while (!(await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false)) || !existsSync(join(data, 'admin.key'))) {
    if (program.exitCode !== null) throw new Error(`the controller ended with ${program.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return program;
}

/** Milliseconds that it took. */
function stopController() {
  const began = performance.now();
  const ended = new Promise((resolve) => controller.once('exit', () => resolve(Math.round(performance.now() - began))));
  controller.kill('SIGTERM');
  return ended;
}

const EVENTS = '/api/v1/events';
const pathOf = (request) => new URL(request.url()).pathname;

/** A browser in which an admin is signed in. */
async function admin() {
  const page = await person();
  await page.context().addCookies([{ ...(await signIn({ url, key: process.env.CLOISTER_KEY }, everything)), url, httpOnly: true, sameSite: 'Strict' }]);
  return page;
}

async function open(page, path, title) {
  await page.goto(`${url}/console/${path}`);
  await page.getByRole('heading', { name: title, level: 1 }).waitFor();
}

const createKey = (name) => api('POST', '/api/v1/keys', { name, role: 'inference' });
/** How long it took until all show it. */
async function shownIn(name, pages) {
  const began = performance.now();
  await createKey(name);
  await Promise.all(pages.map((page) => page.getByText(name).first().waitFor()));
  return Math.round(performance.now() - began);
}

/** A browser whose calls have ceased: what was to be read after `hello` is read. */
async function quiet(calls) {
  let before;
  await until('a time without calls', async () => {
    before = calls.length;
    await new Promise((resolve) => setTimeout(resolve, 3000));
    return calls.length === before;
  });
}

const first = await admin();
let second;
const calls = [];
first.context().on('request', (request) => { if (/^\/(api|v1)\//.test(pathOf(request))) calls.push(pathOf(request)); });
const streams = () => calls.filter((path) => path === EVENTS).length;

await task('two tabs have one stream, and ask for nothing while nothing changes', async () => {
  await open(first, 'access/keys', 'Access');
  second = await first.context().newPage();
  await open(second, 'audit', 'Audit');
  await until('the stream', async () => streams() > 0);
  await quiet(calls);
  const opened = streams();
  const before = calls.length;
  await new Promise((resolve) => setTimeout(resolve, 8000));
  expect('what was asked for in eight quiet seconds', calls.slice(before).filter((path) => path !== '/api/v1/session'), []);
  expect('streams opened meanwhile', streams(), opened);
});

await task('a change from elsewhere is shown in both within two seconds', async () => {
  const took = [];
  for (const name of ['from-elsewhere', 'another-one', 'third-one']) took.push(await shownIn(name, [first, second]));
  console.log(`      shown after ${took.join(', ')} ms`);
  if (Math.min(...took) > 2000) faults.push(`a change was shown after ${took.join(', ')} ms`);
});

await task('eight tabs have one stream, and can all ask', async () => {
  const more = [];
  const before = streams();
  for (let tab = 0; tab < 6; tab += 1) {
    more.push(await first.context().newPage());
    await open(more.at(-1), 'access/keys', 'Access');
  }
  await shownIn('in-all-tabs', [first, ...more]);
  expect('streams opened for them', streams(), before);
  for (const page of more) await page.close();
});

await task('when the tab with the stream closes, another one has it', async () => {
  const before = streams();
  await first.close();
  await until('another stream', async () => streams() > before);
  await shownIn('after-the-first-tab', [second]);
});

await task('a restart is said, nothing old is shown as live, and then all is live again', async () => {
  const before = streams();
  const took = await stopController();
  console.log(`      stopped after ${took} ms with a stream open`);
  await second.getByText('No connection to the controller.').waitFor();
  expect('marked as old', await second.evaluate(() => document.documentElement.hasAttribute('data-stale')), true);
  await second.screenshot({ path: `${process.env.PICTURES}/live-restart-light-1440.png` });
  controller = await startController();
  await second.getByText('No connection to the controller.').waitFor({ state: 'detached' });
  await until('another stream', async () => streams() > before);
  await quiet(calls);
  const took2 = await shownIn('after-the-restart', [second]);
  console.log(`      shown after ${took2} ms`);
});

await task('who is told is said under Operations', async () => {
  await open(second, 'operations', 'Operations');
  await second.getByText('shown as it happens').waitFor();
  for (const [theme, width] of [['light', 1440], ['dark', 1440], ['light', 390], ['dark', 390]]) {
    await second.setViewportSize({ width, height: 900 });
    await second.emulateMedia({ colorScheme: theme });
    await second.screenshot({ path: `${process.env.PICTURES}/live-operations-${theme}-${width}.png` });
  }
});

await task('a session that is ended from elsewhere is noticed without asking', async () => {
  const { sessions } = await api('GET', '/api/v1/sessions');
  for (const { id, account_name: of } of sessions) if (of === everything.name) await api('DELETE', `/api/v1/sessions/${id}`);
  await second.getByText('Sign in again to go on').waitFor();
});

await task('where no stream can be had, what changes is asked for', async () => {
  const page = await admin();
  await page.context().route(`**${EVENTS}`, (route) => route.fulfill({ status: 404, contentType: 'text/html', body: 'no such page' }));
  await open(page, 'access/keys', 'Access');
  await shownIn('asked-for', [page]);
  await open(page, 'operations', 'Operations');
  await page.getByText('asked for every 2 s').waitFor();
  await page.screenshot({ path: `${process.env.PICTURES}/live-asked-light-1440.png` });
});

await stopController();
rmSync(work, { recursive: true, force: true });
await finish();
