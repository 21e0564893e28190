// A second factor, from setting it up to losing it: with an app that is computed here, on a real fleet.
//   CLOISTER_URL=… CLOISTER_KEY=… npm run second-factor
// An account of its own is made, and disabled again.
import { codeOf, scan, wrongCodeOf } from './app.mjs';
import { inspect } from './inspect.mjs';
import { everything } from './sessions.mjs';
import { api, stage } from './stage.mjs';

const NAME = `second-${Date.now()}`;
const PASSWORD = 'nine calm herons on a roof';
const { address, browser, faults, person, task, end } = await stage('second-factor');
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', acceptDownloads: true });
const page = await context.newPage();
page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) faults.push(message.text()); });
page.on('pageerror', (error) => faults.push(String(error)));

let secret;
let recovery;
const code = () => page.getByLabel('Code', { exact: true });
const isIn = () => page.getByRole('heading', { name: 'Fleet', exact: true }).waitFor();
const refused = (why) => page.getByRole('alert').filter({ hasText: why }).waitFor();

async function fromMenu(item) {
  await page.getByRole('button', { name: /Account and theme/ }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

async function password() {
  await page.getByLabel('User name').fill(NAME);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
}

async function type(text) {
  await code().fill(text);
  await page.keyboard.press('Enter');
}

async function setUp() {
  await fromMenu('Set up a second factor');
  const uri = new URL(await scan(page));
  secret = uri.searchParams.get('secret');
  const shown = (await page.getByRole('region', { name: 'the secret' }).textContent()).replaceAll(' ', '');
  if (uri.protocol !== 'otpauth:' || secret !== shown) faults.push(`the QR code says ${uri}, and the text ${shown}`);
  if (!decodeURIComponent(uri.pathname).endsWith(`:${NAME}`)) faults.push(`the QR code names ${uri.pathname}`);
}

async function keep() {
  recovery = await page.getByRole('list', { name: 'Recovery codes' }).getByRole('listitem').allTextContents();
  await page.getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('Your second factor is on').waitFor();
}

await task('somebody signs in by a link and sets up a second factor with a code of the app', async () => {
  await api('POST', '/api/v1/accounts', { name: NAME, roles: ['operator'] });
  const { token } = await api('POST', `/api/v1/accounts/${NAME}/login-link`);
  await page.goto(`${address}/login#token=${token}`);
  await page.getByLabel('New password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await isIn();
  await setUp();
  await inspect(page, 'second-factor-set-up', faults);
  await type(wrongCodeOf(secret));
  await refused('is not the one that the app shows now');
  await type(codeOf(secret));
  await page.getByText('They are shown only now').waitFor();
  await inspect(page, 'second-factor-recovery', faults);
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as a file' }).click()]);
  if (saved.suggestedFilename() !== `cloister-recovery-${NAME}.txt`) faults.push(`the file is called ${saved.suggestedFilename()}`);
  await keep();
  if (new Set(recovery).size !== 10) faults.push(`there are ${recovery.length} recovery codes`);
});

await task('from then on the password is not enough; a wrong code is refused, the right one lets in', async () => {
  await fromMenu('Sign out');
  await password();
  await code().waitFor();
  await inspect(page, 'second-factor-code', faults);
  await type(wrongCodeOf(secret));
  await refused('The code is wrong');
  const once = codeOf(secret, 1);
  await type(once);
  await isIn();
  await fromMenu('Sign out');
  await password();
  await type(once);
  await refused('This code was used before');
});

await task('a recovery code lets in once', async () => {
  await type(recovery[0].toUpperCase());
  await isIn();
  await fromMenu('Sign out');
  await password();
  await type(recovery[0]);
  await refused('The code is wrong');
  await type(recovery[1]);
  await isIn();
});

await task('a login link asks for a code, too', async () => {
  const { token } = await api('POST', `/api/v1/accounts/${NAME}/login-link`);
  await fromMenu('Sign out');
  await page.getByLabel('User name').waitFor();
  await page.goto(`${address}/login?again#token=${token}`);
  await page.getByText('The link is right').waitFor();
  await type(recovery[2]);
  await page.getByRole('button', { name: 'Keep the old one' }).click();
  await isIn();
});

await task('a session that ends in mid-work asks for password and code, and the page goes on', async () => {
  const { sessions } = await api('GET', '/api/v1/sessions');
  for (const session of sessions.filter((open) => open.account_name === NAME)) await api('DELETE', `/api/v1/sessions/${session.id}`);
  const again = page.getByRole('dialog', { name: 'Sign in again to go on' });
  await again.waitFor();
  await again.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await code().waitFor();
  await inspect(page, 'second-factor-again', faults);
  await type(recovery[3]);
  await again.waitFor({ state: 'detached' });
  await isIn();
});

await task('it is removed with password and recovery code, and can be set up again', async () => {
  await fromMenu('Second factor');
  await page.getByText('6 recovery codes are left').waitFor();
  await inspect(page, 'second-factor-remove', faults);
  await page.getByLabel('Present password').fill('not this one at all');
  await type(recovery[4]);
  await refused('The present password is wrong');
  await page.getByLabel('Present password').fill(PASSWORD);
  await type(recovery[4]);
  await page.getByText('Your second factor is removed').waitFor();
  await setUp();
  await page.getByLabel('Present password').fill(PASSWORD);
  await type(codeOf(secret));
  await keep();
});

await task('an admin resets it, and the password is enough again', async () => {
  const admin = await person(everything);
  await admin.goto(`${address}/access/accounts`);
  await admin.getByRole('button', { name: `Actions on ${NAME}` }).click();
  await admin.getByRole('menuitem', { name: 'Reset the second factor' }).click();
  await inspect(admin, 'second-factor-reset', faults);
  const confirmation = admin.getByLabel(`Type ${NAME} to confirm`);
  await confirmation.fill(NAME.slice(0, -1));
  if (!(await admin.getByRole('button', { name: 'Reset second factor' }).isDisabled())) faults.push('the reset was offered before the name was right');
  await confirmation.fill(NAME);
  await admin.keyboard.press('Enter');
  await admin.getByText(`The second factor of ${NAME} is reset`).waitFor();
  await page.getByText('Sign in again to go on').waitFor();
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByText('Sign in again to go on').waitFor({ state: 'detached' });
  await admin.goto(`${address}/audit?kind=account.second_factor_reset`);
  await admin.getByText(`${everything.name} reset the second factor of ${NAME}`).first().waitFor();
});

await api('DELETE', `/api/v1/accounts/${NAME}`);
await end();
