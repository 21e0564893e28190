// Signing out at the provider, too; and a provider whose refresh tokens last as long as its session, and which changes its
// keys while people are signed in. Run by `scripts/console-oidc.sh`; the provider `hospital` is asked again every 4 s.
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PASSWORD, whoIsIn } from './provider.mjs';
import { api, expect, faults, finish, person, task, until } from './walk.mjs';

const { CLOISTER_URL: url, HOSPITAL, OIDC_PROVIDER, PICTURES, PROVIDERS } = process.env;
const folder = join(PROVIDERS, 'hospital');
const nora = await person();
const link = nora.getByRole('link', { name: 'Sign in with Hospital account' });
const fleet = nora.getByRole('heading', { name: 'Fleet', level: 1 });
const asksForPassword = nora.getByRole('heading', { name: 'Sign in to the hospital' });
const left = [];
nora.on('request', (request) => { if (request.url().startsWith(`${HOSPITAL}/session/end?`)) left.push(new URL(request.url())); });

const keyIds = async () => (await (await fetch(`${HOSPITAL}/jwks`)).json()).keys.map(({ kid }) => kid);
const signingKey = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;

/** Written aside first: the provider may read it at any moment. */
function groupsAre(people) {
  writeFileSync(join(folder, 'people.new'), JSON.stringify(people));
  renameSync(join(folder, 'people.new'), join(folder, 'people.json'));
}

async function giveName() {
  await asksForPassword.waitFor();
  await nora.getByLabel('Name').fill('nora');
  await nora.getByLabel('Password').fill(PASSWORD);
  await nora.getByRole('button', { name: 'Sign in' }).click();
  await fleet.waitFor();
}

async function signOut() {
  await nora.getByRole('button', { name: /Account and theme/ }).click();
  await nora.getByRole('menuitem', { name: 'Sign out' }).click();
  await nora.getByRole('heading', { name: 'Sign out of the hospital?' }).waitFor();
}

await task('nora signs in at a provider that gives no offline access', async () => {
  await nora.goto(`${url}/console/`);
  await link.click();
  await giveName();
  const { account, roles } = await whoIsIn(nora);
  expect('who is signed in', [account.name, roles], ['nora@hospital', ['auditor']]);
});

await task('signing out leads to the provider; who stays signed in there is in again without a password', async () => {
  await signOut();
  const [{ searchParams }] = left;
  expect('where it leads back to', searchParams.get('post_logout_redirect_uri'), `${url}/console/login`);
  await nora.screenshot({ path: `${PICTURES}/provider-logout.png` });
  // What ended here has ended, whatever is answered there.
  const page = await nora.context().newPage();
  await page.goto(`${url}/console/login`);
  expect('who is signed in', await whoIsIn(page), undefined);
  await page.close();
  await nora.getByRole('button', { name: 'No, stay signed in' }).click();
  await link.waitFor();
  expect('where it led back to', nora.url(), `${url}/console/login`);
  await link.click();
  await fleet.waitFor();
  expect('who is signed in', (await whoIsIn(nora)).account.name, 'nora@hospital');
});

await task('who signs out there, too, is back in the console and asked for the password next time', async () => {
  await signOut();
  await nora.getByRole('button', { name: 'Yes, sign me out' }).click();
  await link.waitFor();
  expect('where it led back to', nora.url(), `${url}/console/login`);
  expect('who is signed in', await whoIsIn(nora), undefined);
  await link.click();
  await giveName();
});

await task('the provider changes its keys: who is signed in stays so, and what it says of them is taken', async () => {
  const before = await whoIsIn(nora);
  const [old] = await keyIds();
  execFileSync(OIDC_PROVIDER, ['rekey', folder]);
  const [now] = await keyIds();
  expect('whether it signs with another key', now === old, false);
  groupsAre({ nora: ['platform'] });
  const after = await until('the role of a fleet admin', async () => {
    const seen = await whoIsIn(nora);
    if (!seen) throw new Error('the session ended');
    return seen.roles.join() === 'fleet-admin' && seen;
  });
  expect('the session', after.id, before.id);
  await signOut();
  expect('which key signed what came last', signingKey(left.at(-1).searchParams.get('id_token_hint')), now);
  await nora.getByRole('button', { name: 'Yes, sign me out' }).click();
  await link.waitFor();
});

await task('the session at the provider ends: so does the one here, because it was without offline access', async () => {
  await link.click();
  await giveName();
  const { id } = await whoIsIn(nora);
  const there = await nora.context().newPage();
  await there.goto(`${HOSPITAL}/session/end`);
  await there.getByRole('button', { name: 'Yes, sign me out' }).click();
  await there.getByRole('heading', { name: 'Signed out of the hospital' }).waitFor();
  await there.close();
  await until('the end of the session', async () => !(await whoIsIn(nora)));
  const { records } = await api('GET', '/api/v1/audit/records?limit=100&kind=session.ended');
  expect('its end is on record', records.some(({ leaf_json: text }) => JSON.parse(text).subject.id === id), true);
});

const said = readFileSync(join(folder, 'log'), 'utf8').match(/^.*Error.*$/gm);
for (const line of said ?? []) faults.push(`the provider: ${line}`);
await finish();
