// A deployment's past: what it was, the way back, a restart, what happened to its replicas, and what their workers wrote.
// A picture of each in both themes and two sizes, and what axe finds on it.
//   CLOISTER_URL=… CLOISTER_KEY=… npm run past
// The fleet has the model `smollm2` and a node with room for it. A deployment is made for it, and removed again.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { OUT, api, stage, until } from './stage.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const { address, faults, person, task, end } = await stage('past');
const name = `past-${Date.now()}`;
const path = `/api/v1/deployments/${name}`;
const intent = { model: 'smollm2', replicas: 1, context_length: 1024, max_sequences: 4, jurisdiction: '', node_selector: {} };
await api('PUT', path, intent, { 'if-match': '"0"' });
await api('PUT', path, { ...intent, max_sequences: 2 });
const its = async () => (await api('GET', `/api/v1/replicas?deployment=${name}`)).replicas;
const settled = () => until('the replica of the present revision', async () => {
  const { replicas, updated_replicas: updated } = await api('GET', path);
  return updated === replicas && (await its()).length === replicas;
}, 240_000);
const page = await person();
const open = (where) => page.goto(`${address}/deployments/${name}${where}`);

async function pictures(view) {
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      if (isWide) faults.push(`${view} at ${width}: the page is wider than the window`);
      await page.screenshot({ path: `${OUT}/past-${view}-${colorScheme}-${width}.png` });
      await page.evaluate(AXE);
      const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
      for (const { id, nodes } of violations) faults.push(`axe ${view} ${colorScheme} ${width}: ${id}: ${nodes[0].html.slice(0, 160)}`);
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}

await task('each revision is told by who made it and what changed', async () => {
  await settled();
  await open('/history');
  await page.getByText('Sequences at once: 4 to 2').waitFor();
  await pictures('revisions');
});

await task('a return shows the difference first, and makes a new revision', async () => {
  await page.getByRole('button', { name: 'Return to this: revision 1' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('row', { name: 'Sequences at once 2 4' }).waitFor();
  await pictures('return');
  await dialog.getByRole('button', { name: 'Return to revision 1' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('returned to revision 1').waitFor();
  const now = await api('GET', path);
  if (now.revision !== 3 || now.max_sequences !== 4) faults.push(`after the return it is at revision ${now.revision} with ${now.max_sequences} sequences`);
});

await task('a restart says what it does, and replaces the replica', async () => {
  await settled();
  const [before] = await its();
  await open('?restart');
  await page.getByRole('dialog').getByText('Its replica is replaced by a new one.').waitFor();
  await pictures('restart');
  await page.getByRole('dialog').getByRole('button', { name: 'Restart' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await settled();
  const [after] = await its();
  if (after.id === before.id) faults.push('the replica is still the same one');
  await page.getByText('All of them run revision 4').waitFor();
  await pictures('overview');
});

await task('what happened is told, newest first', async () => {
  await open('/events');
  await page.getByText(/It answers on/).first().waitFor();
  await page.getByText(/Taken off the books/).first().waitFor();
  await pictures('events');
});

await task('what the worker wrote is shown', async () => {
  await open('/logs');
  await page.getByRole('region', { name: 'Lines of the worker' }).getByText('worker.ready').waitFor();
  await pictures('logs');
});

await api('DELETE', path);
await end();
