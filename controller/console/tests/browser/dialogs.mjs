// A picture of every open dialog in both themes and two sizes, and what axe finds on each.
//   CLOISTER_URL=… CLOISTER_KEY=… MODEL_NAME=smollm2 npm run dialogs
// The fleet has the deployment `ward`, that model and the node `this-machine`.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { OUT, stage } from './stage.mjs';
import { views } from './views.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SIZES = [{ width: 1440, height: 900 }, { width: 390, height: 844 }];
const dialogs = views.filter(({ dialog }) => dialog);
const { address, faults, person, task, end } = await stage('dialogs');
let looked = 0;

/** Opened once; theme and size change while it is open, as they may for whoever reads. */
async function look(page, view) {
  await page.goto(address + view.path);
  await page.getByText(view.shows).first().waitFor();
  await view.then?.(page);
  await page.locator('.dialog').waitFor();
  await page.evaluate(AXE);
  for (const viewport of SIZES) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await inspect(page, `${view.name}-${colorScheme}-${viewport.width}`);
    }
  }
  await page.setViewportSize(SIZES[0]);
}

async function inspect(page, name) {
  const isWide = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('.dialog, .dialog-shade')].some((box) => box.scrollWidth > box.clientWidth + 1));
  if (isWide) faults.push(`${name}: wider than its window`);
  await page.screenshot({ path: `${OUT}/dialog-${name}.png` });
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
  for (const { id, nodes } of violations) faults.push(`axe ${name}: ${id}: ${nodes[0].html.slice(0, 160)}`);
  looked += 1;
}

const page = await person();
await task('every dialog in both themes and two sizes', async () => {
  for (const view of dialogs) await look(page, view);
});
console.log(`${looked} pictures of dialogs in ${OUT}`);
await end();
