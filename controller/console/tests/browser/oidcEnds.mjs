// What becomes of a session when its person's groups change at the provider, or the provider is gone. The provider
// `partner` is asked again every 4 s. Run by `scripts/console-oidc.sh`, after oidc.mjs.
import { attempt, deliver } from './byHand.mjs';
import { loseEverything, signInWith, startAgain, stop, whoIsIn } from './provider.mjs';
import { api, expect, finish, person, task, until } from './walk.mjs';

const { CLOISTER_URL: url } = process.env;
const RECHECK_MS = 4000;
const page = await person();
const begun = [];
const gone = () => until('the end of the session', async () => !(await whoIsIn(page)));

async function enter() {
  await page.goto(`${url}/console/`);
  await signInWith(page, 'Partner account', 'anna');
  await page.getByRole('heading', { name: 'Fleet', level: 1 }).waitFor();
  begun.push((await whoIsIn(page)).id);
}

await task('other groups at the provider are other roles here, without signing in again', async () => {
  startAgain('partner', 'anna=platform');
  await enter();
  const before = await whoIsIn(page);
  expect('the roles', before.roles, ['fleet-admin']);
  startAgain('partner', 'anna=compliance');
  const after = await until('the role of an auditor', async () => {
    const now = await whoIsIn(page);
    return now?.roles.join() === 'auditor' && now;
  });
  expect('the session', after.id, before.id);
  expect('whether nodes may be admitted', after.actions.includes('node.admit'), false);
});

await task('who is in no group any more is out, and can be in again', async () => {
  startAgain('partner', 'anna=visitors');
  await gone();
  startAgain('partner', 'anna=platform');
  await enter();
});

await task('a provider that does not know the session any more ends it; its new keys are taken for a new one', async () => {
  loseEverything('partner');
  await gone();
  await enter();
});

await task('a provider that cannot be reached is waited for, but not for ever', async () => {
  stop('partner');
  const from = performance.now();
  await gone();
  const lasted = performance.now() - from;
  if (lasted < RECHECK_MS / 2) throw new Error(`the session ended ${Math.round(lasted)} ms after the provider was gone`);
  startAgain('partner');
});

await task('a provider that goes away in the middle of signing in: nobody is signed in, and the page says why', async () => {
  const { cookies, callback } = await attempt(url, 'partner', 'anna');
  stop('partner');
  const { to, session } = await deliver(callback, cookies);
  expect('where it leads', to, '/console/login?oidc_error=unavailable');
  expect('who is signed in', session, undefined);
  await page.goto(url + to);
  await page.getByText('cannot be reached now').waitFor();
  startAgain('partner');
});

await task('the end of each session is on record', async () => {
  const { records } = await api('GET', '/api/v1/audit/records?limit=100&kind=session.ended');
  const ended = records.map(({ leaf_json: text }) => JSON.parse(text).subject.id);
  for (const id of begun) expect(`the end of session ${id} is on record`, ended.includes(id), true);
});

await finish();
