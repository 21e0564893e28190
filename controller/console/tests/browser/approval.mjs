// An operator imports, an approver approves, the operator deploys, the approver retires; then an auditor finds all of it
// in the log: by who, model and time, from the timeline, and from a query that was saved.
//   CLOISTER_URL=… CLOISTER_KEY=… MODEL=folder npm run approval
// MODEL is a signed model's folder, other than those that are in the fleet; it is imported as `ward-notes`, and removed again.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { api, OUT, stage, until } from './stage.mjs';
import { auditor } from './sessions.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const model = 'ward-notes';
const deployment = `notes-${Date.now()}`;
const operator = { name: `op-${Date.now()}`, roles: ['operator'] };
const approver = { name: `ap-${Date.now()}`, roles: ['model-approver'] };

const { address, faults, person, task, end } = await stage('approval');
for (const who of [operator, approver]) await api('POST', '/api/v1/accounts', who);
const [op, ap, au] = [await person(operator), await person(approver), await person(auditor)];

/** Pictures in both themes and sizes, and what axe finds. */
async function clean(page, name) {
  for (const colorScheme of ['light', 'dark']) {
    for (const [width, height] of [[1440, 900], [390, 844]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) faults.push(`${name} ${width}: wider than the window`);
      await page.screenshot({ path: `${OUT}/${name}-${colorScheme}-${width}.png` });
      await page.evaluate(AXE);
      const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
      for (const { id, nodes } of violations) faults.push(`axe ${name} ${colorScheme} ${width}: ${id}: ${nodes[0]?.html.slice(0, 160)}`);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1440, height: 900 });
}

await task('what an operator imports waits, and says for whom', async () => {
  await op.goto(`${address}/models?import`);
  await op.getByLabel('Name in the fleet').fill(model);
  const [chooser] = await Promise.all([op.waitForEvent('filechooser'), op.getByRole('button', { name: 'Choose the model’s folder' }).click()]);
  await chooser.setFiles(process.env.MODEL);
  await op.getByRole('button', { name: 'Upload and verify' }).click();
  await op.getByText('is verified and kept').waitFor({ timeout: 180_000 });
  await op.goto(`${address}/models/${model}`);
  await op.getByText('A fleet admin or a model approver must approve it').waitFor();
  await op.goto(`${address}/`);
  await op.getByRole('link', { name: `${model} waits for approval` }).waitFor();
  await clean(op, 'approval-attention');
});

await task('an approver approves it, and the operator deploys it', async () => {
  await ap.goto(`${address}/models?approval=waiting`);
  await ap.getByRole('link', { name: model }).click();
  await ap.getByRole('button', { name: 'Approve', exact: true }).click();
  await ap.getByText('You are on record for it').waitFor();
  await clean(ap, 'approval-approve');
  await ap.getByRole('button', { name: 'Approve model' }).click();
  await ap.getByText(`${model} is approved. Record`).waitFor();
  await op.goto(`${address}/deployments?new`);
  await op.getByLabel('Name', { exact: true }).fill(deployment);
  await op.getByRole('dialog').getByRole('button', { name: /Model$/ }).click();
  await op.getByRole('option', { name: model }).click();
  await op.getByLabel('Node labels').fill('nowhere=yes');
  await op.getByRole('button', { name: 'Deploy', exact: true }).click();
  await op.getByRole('heading', { name: deployment, level: 1 }).waitFor();
});

await task('retiring says what goes on, and nothing may choose the model any more', async () => {
  await ap.goto(`${address}/models/${model}?retire`);
  await ap.getByText('Nothing is taken down').waitFor();
  await ap.getByRole('alertdialog').getByText(deployment).waitFor();
  await ap.getByLabel('Why (optional)').fill('a better one is here');
  await clean(ap, 'approval-retire');
  await ap.getByLabel(`Type ${model} to confirm`).fill(model);
  await ap.getByRole('button', { name: 'Retire model' }).click();
  await ap.getByText(`${model} is retired. Record`).waitFor();
  await ap.getByText('no deployment may choose it any more').waitFor();
  await clean(ap, 'approval-retired');
  const answer = await fetch(`${process.env.CLOISTER_URL}/api/v1/deployments/another`, {
    method: 'PUT', body: JSON.stringify({ model }), headers: { authorization: `Bearer ${process.env.CLOISTER_KEY}`, 'content-type': 'application/json' },
  });
  if (answer.status !== 409) faults.push(`deploying a retired model answered ${answer.status}`);
});

const entries = () => au.locator('.entry').allInnerTexts();

await task('an auditor finds it by who, model and time', async () => {
  await au.goto(`${address}/audit`);
  await au.getByRole('textbox', { name: 'Who' }).fill(approver.name);
  await au.getByRole('textbox', { name: 'Model' }).fill(model);
  await au.getByRole('button', { name: 'Apply' }).click();
  await until('both filters', async () => (await entries()).length === 2);
  await au.getByRole('button', { name: 'Last hour' }).click();
  await until('the time in the address', () => au.url().includes('last=1h'));
  await until('what the approver did', async () => (await entries()).length === 2 && (await entries()).every((text) => text.includes(approver.name)));
  await clean(au, 'audit-filtered');
});

await task('the timeline narrows the time, by keyboard', async () => {
  const bar = au.getByRole('option', { name: /2 records|1 record/ }).last();
  await bar.focus();
  await clean(au, 'audit-timeline');
  await bar.focus();
  await au.keyboard.press('Enter');
  await until('the time of the bar in the address', () => /from=.*to=/.test(au.url()));
  await until('what was written then', async () => (await entries()).length > 0);
  await au.getByRole('button', { name: /Remove the filter time/ }).click();
});

await task('a saved query brings every filter back; where nothing matches it says what to take off', async () => {
  await au.getByRole('button', { name: 'Saved queries' }).click();
  await au.getByLabel('Save the present filter as').fill('that approver');
  await au.keyboard.press('Enter');
  await au.goto(`${address}/audit?queries`);
  await au.getByRole('link', { name: 'that approver' }).click();
  await until('the filter', async () => (await au.getByRole('textbox', { name: 'Who' }).inputValue()) === approver.name && (await au.getByRole('textbox', { name: 'Model' }).inputValue()) === model);
  await au.goto(`${address}/audit?actor=${approver.name}&node=nowhere`);
  await au.getByText('No record matches').waitFor();
  await clean(au, 'audit-nothing');
  await au.getByRole('button', { name: 'Without node: nowhere' }).click();
  await until('what is left', async () => (await entries()).length > 0);
});

await api('DELETE', `/api/v1/deployments/${deployment}`);
await until('the model is free', async () => api('DELETE', `/api/v1/models/${model}`).then(() => true, () => false));
await end();
