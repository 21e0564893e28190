// Signing in with identity providers, in a real browser against a real fleet and two real providers.
// `scripts/console-oidc.sh` starts them, and says by CLOISTER_URL, CLOISTER_KEY, PROVIDERS, DEX and PICTURES where they are.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { attempt, deliver } from './byHand.mjs';
import { signInThere, signInWith, whoIsIn } from './provider.mjs';
import { api, expect, faults, finish, person, task } from './walk.mjs';

const { CLOISTER_URL: url, PICTURES } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const link = (page, name) => page.getByRole('link', { name: `Sign in with ${name}` });
const heading = (page, name) => page.getByRole('heading', { name, level: 1 });
const leaf = ({ leaf_json: text }) => JSON.parse(text);

async function newest(kind, limit = 1) {
  return (await api('GET', `/api/v1/audit/records?limit=${limit}&kind=${kind}`)).records.map(leaf);
}

async function signOut(page) {
  await page.getByRole('button', { name: /Account and theme/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await link(page, 'Clinic account').waitFor();
}

await task('the login page offers every provider, and axe finds nothing on it', async () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const address of ['login', 'login?oidc_error=no_role']) {
      const page = await person({ colorScheme });
      await page.goto(`${url}/console/${address}`);
      for (const name of ['Clinic account', 'Partner account']) await link(page, name).waitFor();
      await page.getByText('or with a local account').waitFor();
      await page.screenshot({ path: `${PICTURES}/providers-${address.replace(/\W+/g, '-')}-${colorScheme}.png` });
      await page.evaluate(AXE);
      const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
      for (const { id, nodes } of violations) faults.push(`axe ${address} ${colorScheme}: ${id}: ${nodes[0].html.slice(0, 160)}`);
      await page.context().close();
    }
  }
});

const anna = await person();
const callbacks = [];
anna.on('request', (request) => { if (/\/oidc\/clinic\/callback\?/.test(request.url())) callbacks.push(request.url()); });
let annaAtClinic;

await task('anna wants a page, signs in at the clinic, and is on that page as a fleet admin', async () => {
  await anna.goto(`${url}/console/nodes`);
  await signInWith(anna, 'Clinic account', 'anna');
  await heading(anna, 'Nodes').waitFor();
  expect('the address', anna.url(), `${url}/console/nodes`);
  annaAtClinic = await whoIsIn(anna);
  expect('the account', annaAtClinic.account.name, 'anna@clinic');
  expect('the roles', annaAtClinic.roles, ['fleet-admin']);
  for (const action of ['node.admit', 'account.change']) expect(action, annaAtClinic.actions.includes(action), true);
  const [record] = await newest('session.started');
  expect('the method on record', record.change.method, 'oidc');
  expect('who is on record', record.actor.name, 'anna@clinic');
});

await task('omar is an auditor, and is told what he may not see', async () => {
  const omar = await person();
  await omar.goto(`${url}/console/audit`);
  await signInWith(omar, 'Clinic account', 'omar');
  await heading(omar, 'Audit').waitFor();
  await omar.getByRole('button', { name: /Account and theme/ }).getByText('auditor').waitFor();
  await omar.goto(`${url}/console/playground`);
  await omar.getByText('does not have the right').waitFor();
  await omar.context().close();
});

await task('zoe has no role: she is told so, is not signed in, and that is on record', async () => {
  const zoe = await person();
  await zoe.goto(`${url}/console/nodes`);
  await signInWith(zoe, 'Clinic account', 'zoe');
  await zoe.getByText('none of your groups has a role on this fleet').waitFor();
  expect('who is signed in', await whoIsIn(zoe), undefined);
  const [record] = await newest('session.refused');
  expect('the outcome on record', record.outcome, 'denied');
  if (!JSON.stringify(record).includes('zoe')) faults.push(`the record of the refusal does not name zoe: ${JSON.stringify(record)}`);
  await zoe.context().close();
});

await task('signing out, and in again; a wrong password stays at the provider', async () => {
  await signOut(anna);
  expect('who is signed in', await whoIsIn(anna), undefined);
  await link(anna, 'Clinic account').click();
  await anna.getByLabel('Email Address').fill('anna@hospital.example');
  await anna.getByLabel('Password').fill('not this one at all');
  await anna.getByRole('button', { name: 'Login' }).click();
  await anna.getByText('Invalid Email Address and password').waitFor();
  await signInThere(anna, 'anna');
  await heading(anna, 'Nodes').waitFor();
  expect('the account', (await whoIsIn(anna)).account.id, annaAtClinic.account.id);
});

await task('an answer of the provider that was used signs nobody in', async () => {
  await signOut(anna);
  if (callbacks.length < 2) throw new Error('the browser was not led through the callback');
  for (const used of [...callbacks]) {
    await anna.goto(used);
    await anna.getByText('was used before').waitFor();
    expect('who is signed in', await whoIsIn(anna), undefined);
  }
});

await task('an answer is taken once, from the browser that began, and only as it was given', async () => {
  const refused = async (what, callback, cookies, codes) => {
    const answer = await deliver(callback, cookies);
    expect(`${what}: where it leads`, codes.some((code) => answer.to === `/console/login?oidc_error=${code}`) || answer.to, true);
    expect(`${what}: who is signed in`, answer.session, undefined);
  };
  const changed = (callback, change) => { const address = new URL(callback); change(address); return address.href; };
  const [first, second] = [await attempt(url, 'clinic', 'anna'), await attempt(url, 'clinic', 'omar')];
  await refused('another state', changed(first.callback, ({ searchParams }) => searchParams.set('state', 'a'.repeat(43))), first.cookies, ['expired', 'not_verified']);
  await refused('no cookie', first.callback, [], ['expired']);
  await refused("another browser's cookie", second.callback, (await attempt(url, 'clinic', 'anna')).cookies, ['expired']);
  const third = await attempt(url, 'clinic', 'anna');
  const stolen = new URL((await attempt(url, 'clinic', 'omar')).callback).searchParams.get('code');
  await refused("another person's code", changed(third.callback, ({ searchParams }) => searchParams.set('code', stolen)), third.cookies, ['not_verified']);
  const fourth = await attempt(url, 'clinic', 'anna');
  await refused('at another provider', changed(fourth.callback, (address) => { address.pathname = address.pathname.replace('clinic', 'partner'); }), fourth.cookies, ['expired', 'not_verified']);
  const fifth = await attempt(url, 'clinic', 'anna');
  await refused('the provider said no', changed(fifth.callback, ({ searchParams }) => { searchParams.delete('code'); searchParams.set('error', 'access_denied'); }), fifth.cookies, ['refused']);
  const sixth = await attempt(url, 'clinic', 'anna');
  expect('who is signed in', (await deliver(sixth.callback, sixth.cookies)).session?.account.name, 'anna@clinic');
  // A browser has thrown the attempt away by now; where it did not, the provider takes no code twice.
  await refused('once more', sixth.callback, sixth.cookies, ['expired', 'not_verified']);
});

await task('nobody is led out of the console', async () => {
  for (const next of ['//evil.example/', 'https://evil.example/', '/\\evil.example/', '/console/../../evil', '/console//evil.example', 'javascript:alert(1)', '/api/v1/session']) {
    const { cookies, callback } = await attempt(url, 'clinic', 'anna', next);
    const { to, origin, status } = await deliver(callback, cookies);
    expect(`where ${next} leads`, [status, origin, to.startsWith('/console/'), to.includes('..')], [303, url, true, false]);
    if (!next.startsWith('/console/')) expect(`where ${next} leads`, to, '/console/');
  }
  await anna.goto(`${url}/console/login?next=//evil.example/`);
  await signInWith(anna, 'Clinic account', 'anna');
  await heading(anna, 'Fleet').waitFor();
  expect('the address', anna.url(), `${url}/console/`);
});

await task('the same person of another provider is another account', async () => {
  const other = await person();
  await other.goto(`${url}/console/`);
  await signInWith(other, 'Partner account', 'anna');
  await heading(other, 'Fleet').waitFor();
  const { account } = await whoIsIn(other);
  expect('the account', account.name, 'anna@partner');
  expect('it is the same account', account.id === annaAtClinic.account.id, false);
  await other.context().close();
});

await task('a session that ends in the middle of a form: nothing is lost while anna signs in in another tab', async () => {
  await anna.goto(`${url}/console/access/accounts?new`);
  await anna.getByLabel('Name', { exact: true }).fill('m.okafor');
  const { sessions } = await api('GET', '/api/v1/sessions');
  for (const { id, account_name: name } of sessions) if (name === 'anna@clinic') await api('DELETE', `/api/v1/sessions/${id}`);
  await anna.getByText('Sign in again to go on').waitFor();
  const [aside] = await Promise.all([anna.context().waitForEvent('page'), link(anna, 'Clinic account').click()]);
  await signInThere(aside, 'anna');
  await heading(aside, 'Fleet').waitFor();
  await anna.getByText('Sign in again to go on').waitFor({ state: 'detached' });
  expect('what was typed', await anna.getByLabel('Name', { exact: true }).inputValue(), 'm.okafor');
});

await finish();
