// Charts with real figures: after questions were asked, what was decoded is in the history of the node and of the fleet.
//   CLOISTER_URL=… CLOISTER_KEY=… npm run history
// The fleet has a node and a deployment that answers.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { api, OUT, stage, until } from './stage.mjs';
import { everything } from './sessions.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const { address, faults, person, task, end } = await stage('history');
const { nodes: [node] } = await api('GET', '/api/v1/nodes');
const page = await person();
const known = (values) => values.filter((value) => value !== null);
/** Whether a drawn line is there: not every point of the canvas is empty. */
const isDrawn = (chart) => chart.locator('canvas').evaluate((canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte > 0));

await task('what was answered is measured, for the node and for the fleet', async () => {
  const { deployments } = await api('GET', '/api/v1/deployments');
  const { name: model } = deployments.find(({ ready_replicas: ready }) => ready > 0);
  const question = { model, max_tokens: 48, messages: [{ role: 'user', content: 'Name three signs of an infection.' }] };
  await until('a node that was heard of', async () => known((await api('GET', `/api/v1/nodes/${node.id}/history`)).nodes).length > 0);
  for (let asked = 0; asked < 3; asked += 1) await api('POST', '/v1/chat/completions', question);
  for (const path of [`/api/v1/nodes/${node.id}/history`, '/api/v1/fleet/history']) {
    await until(`tokens in ${path}`, async () => {
      const { output_tokens_per_s: rates, finished, first_token_p95_ms: p95 } = await api('GET', path);
      return known(rates).some((rate) => rate > 0) && known(finished).some((count) => count > 0) && known(p95).length > 0;
    });
  }
  const { memory_used_bytes: used, cpu_busy_percent: busy } = await api('GET', `/api/v1/nodes/${node.id}/history`);
  if (!known(used).every((bytes) => bytes > 0) || known(used).length === 0) faults.push('the memory of the node was not measured');
  if (known(busy).length === 0) faults.push('the processors of the node were not measured');
});

await task('a chart is drawn, read with the keys, and is a table for who wants one', async () => {
  await page.goto(`${address}/nodes/${node.name}`);
  const chart = page.getByRole('figure', { name: 'Tokens' });
  await chart.locator('canvas').waitFor();
  await until('a line', () => isDrawn(chart));
  const slider = chart.getByRole('slider');
  await slider.focus();
  await page.keyboard.press('End');
  const last = await slider.getAttribute('aria-valuetext');
  await page.keyboard.press('ArrowLeft');
  if ((await slider.getAttribute('aria-valuetext')) === last) faults.push('the crosshair does not move with the keys');
  await chart.getByRole('button', { name: 'Tokens: show as table' }).click();
  const cells = await chart.getByRole('cell').allTextContents();
  if (!cells.some((cell) => /^(?!0\/s)[\d.,]+\/s$/.test(cell))) faults.push('the table has no tokens in it');
  await chart.getByRole('button', { name: 'Tokens: show as table' }).click();
});

await task('another range is another address, and nothing moves while it is read', async () => {
  const before = await page.getByRole('figure', { name: 'Memory', exact: true }).boundingBox();
  await page.getByRole('radio', { name: 'Day', exact: true }).click();
  await page.getByRole('figure', { name: 'Inferences in 3 min' }).waitFor();
  if (!page.url().endsWith('?range=24h')) faults.push(`the range is not in the address: ${page.url()}`);
  const after = await page.getByRole('figure', { name: 'Memory', exact: true }).boundingBox();
  if (before.height !== after.height || before.y !== after.y) faults.push('the charts moved');
  await page.reload();
  await page.getByRole('radio', { name: 'Day', exact: true, checked: true }).waitFor();
});

await task('a chart follows the theme', async () => {
  const chart = page.getByRole('figure', { name: 'Memory', exact: true });
  const pixels = () => chart.locator('canvas').evaluate((canvas) => canvas.toDataURL());
  await chart.locator('canvas').waitFor();
  await until('a line', () => isDrawn(chart));
  const light = await pixels();
  await page.emulateMedia({ colorScheme: 'dark' });
  await until('other colours', async () => (await pixels()) !== light);
});

const { models: [model] } = await api('GET', '/api/v1/models');
const views = [['fleet', ''], ['node', `nodes/${node.name}`], ['node-day', `nodes/${node.name}?range=24h`], ['node-month', `nodes/${node.name}?range=30d`], ['model', `models/${model.name}`]];
await task('charts in both themes and two sizes; axe finds nothing', async () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const [width, height] of [[1440, 900], [390, 844]]) {
      const theirs = await person(everything, { colorScheme, viewport: { width, height } });
      for (const [name, path] of views) {
        await theirs.goto(`${address}/${path}`);
        await theirs.getByRole('figure').first().waitFor();
        await theirs.locator('canvas').first().waitFor({ timeout: 5000 }).catch(() => undefined);
        await theirs.screenshot({ path: `${OUT}/history-${name}-${colorScheme}-${width}.png`, fullPage: true });
        if (await theirs.evaluate(() => document.documentElement.scrollWidth > innerWidth)) faults.push(`${name} ${width}: wider than the window`);
        await theirs.evaluate(AXE);
        const { violations } = await theirs.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
        for (const { id, nodes: found } of violations) faults.push(`axe ${name} ${colorScheme} ${width}: ${id}: ${found[0].html.slice(0, 160)}`);
      }
      await theirs.context().close();
    }
  }
});

await end();
