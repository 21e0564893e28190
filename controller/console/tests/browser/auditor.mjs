// What an auditor keeps in a browser: queries under names, and checkpoints that a later log is held against.
//   CLOISTER_URL=… CLOISTER_KEY=… AUDIT_KEY=file npm run auditor
// AUDIT_KEY: the key with which that fleet signs its log. With it a checkpoint is signed of a log that never was.
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { auditor } from './sessions.mjs';
import { api, OUT, stage } from './stage.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { address, faults, person, task, end } = await stage('auditor');
const page = await person(auditor);
const status = (text) => page.getByText(text).first().waitFor({ timeout: 60_000 });

async function clean(name) {
  await page.screenshot({ path: `${OUT}/${name}-light-1440.png`, fullPage: true });
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  for (const { id, nodes } of violations) faults.push(`axe ${name}: ${id}: ${nodes[0].html.slice(0, 160)}`);
}

await task('by keyboard alone: a filter is saved, renamed, applied from another page of the log, and deleted', async () => {
  await page.goto(`${address}/audit?kind=model.imported&queries`);
  await page.getByLabel('Save the present filter as').waitFor();
  await page.keyboard.type('imports');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Rename imports' }).focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('New name').fill('new models');
  await page.keyboard.press('Enter');
  await clean('audit-queries');
  await page.goto(`${address}/audit?queries`);
  await page.getByRole('link', { name: 'new models' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  if (!page.url().endsWith('/audit?kind=model.imported')) faults.push(`the query leads to ${page.url()}`);
  await page.getByRole('button', { name: 'Saved queries' }).press('Enter');
  await page.getByRole('button', { name: 'Delete new models' }).press('Enter');
  await status('None is saved yet');
  await page.keyboard.press('Escape');
});

await task('a checkpoint that is kept: the log that goes on after it begins with the same records', async () => {
  await page.goto(`${address}/audit`);
  await page.getByRole('button', { name: 'Keep the newest' }).click();
  await api('POST', '/api/v1/accounts/m.okafor/login-link');
  await page.getByRole('button', { name: /^Check that nothing before/ }).click();
  await page.getByRole('button', { name: 'Take the controller’s own' }).first().click();
  await status('Compare it with one that you have from elsewhere');
  await page.getByRole('button', { name: 'Pin it' }).first().click();
  await status('Nothing before it was changed');
  await clean('audit-kept');
});

/** Signed by the fleet's own key, of a log of other records: what whoever rewrites a log cannot take back. */
function signedOfAnother(keyFile, size) {
  const [, origin, id, secret] = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(\S+)/.exec(readFileSync(keyFile, 'utf8'));
  const seed = Buffer.from(secret, 'base64').subarray(1);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const text = `${origin}\n${size}\n${Buffer.alloc(32, 7).toString('base64')}\n`;
  const signature = sign(null, Buffer.from(text), createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return `${text}\n— ${origin} ${Buffer.concat([Buffer.from(id, 'hex'), signature]).toString('base64')}\n`;
}

await task('a log that was rewritten after a checkpoint is found out', async () => {
  if (!process.env.AUDIT_KEY) return console.log('skip  no AUDIT_KEY, so no log was rewritten');
  const buffer = Buffer.from(signedOfAnother(process.env.AUDIT_KEY, 5));
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Take from files' }).click()]);
  await chooser.setFiles([{ name: 'another.txt', mimeType: 'text/plain', buffer }]);
  await page.getByRole('button', { name: 'Check that nothing before the checkpoint of 5 records was changed' }).click();
  await status('The log was changed: its first 5 records are not the ones that this checkpoint signs.');
  await page.getByRole('button', { name: 'Remove the checkpoint of 5 records' }).click();
});

await task('one that nobody signed, and a log that is altered on the way, are told apart', async () => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /^Save the checkpoint of/ }).click()]);
  const note = readFileSync(await download.path(), 'utf8');
  await page.getByRole('button', { name: /^Remove the checkpoint of/ }).click();
  await status('None yet. Keep one now and then');
  const [origin, , root] = note.split('\n');
  const forged = note.replace(/^.*\n.*\n.*\n/, `${origin}\n3\n${root}\n`);
  const files = [['kept.txt', note], ['forged.txt', forged], ['letter.txt', 'a letter']].map(([name, text]) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) }));
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Take from files' }).click()]);
  await chooser.setFiles(files);
  await status('No checkpoint: letter.txt');
  await page.getByRole('button', { name: 'Check that nothing before the checkpoint of 3 records was changed' }).click();
  await status('this checkpoint is not one that the key you pinned has signed');
  await page.route('**/api/v1/audit/evidence*', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace('this-machine', 'that-machine') });
  });
  await page.getByRole('button', { name: /^Check that nothing before the checkpoint of (?!3 )/ }).click();
  await status('The log as it is now does not hold');
});

await end();
