// A page in both themes and two sizes: a picture of each, what axe finds, and whether it is wider than its window.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { OUT } from './stage.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SIZES = [{ width: 1440, height: 900 }, { width: 390, height: 844 }];

/** Theme and size change while the page is open, as they may for whoever reads. How many pictures were taken. */
export async function inspect(page, name, faults) {
  await page.evaluate(AXE);
  for (const viewport of SIZES) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await look(page, `${name}-${colorScheme}-${viewport.width}`, faults);
    }
  }
  await page.setViewportSize(SIZES[0]);
  return SIZES.length * 2;
}

async function look(page, name, faults) {
  const isWide = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('.dialog, .dialog-shade')].some((box) => box.scrollWidth > box.clientWidth + 1));
  if (isWide) faults.push(`${name}: wider than its window`);
  await page.screenshot({ path: `${OUT}/${name}.png` });
  const { violations } = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
  for (const { id, nodes } of violations) faults.push(`axe ${name}: ${id}: ${nodes[0].html.slice(0, 160)}`);
}
