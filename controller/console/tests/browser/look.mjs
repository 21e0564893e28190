// A picture of every page in both themes and two sizes, and what axe finds on each.
//   CLOISTER_URL=http://127.0.0.1:7080 CLOISTER_KEY=clk_… npm run look [-- parts of names]
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { views } from './views.mjs';
import { everything, signIn } from './sessions.mjs';
import { serve } from './serve.mjs';

const OUT = fileURLToPath(new URL('./out/', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SIZES = [{ name: '1440', width: 1440, height: 900 }, { name: '390', width: 390, height: 844 }];
const parts = process.argv.slice(2);

mkdirSync(OUT, { recursive: true });
const fleet = { url: process.env.CLOISTER_URL ?? 'http://127.0.0.1:7080', key: process.env.CLOISTER_KEY ?? '' };
const console_ = await serve(fleet);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const cookies = new Map();
let violations = 0;
let complaints = 0;
let looked = 0;

const fits = ({ empty = false }) => empty === Boolean(process.env.EMPTY);
for (const view of views.filter(fits).filter(({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)))) {
  for (const colorScheme of ['light', 'dark']) {
    for (const { name: size, ...viewport } of SIZES) await look(view, colorScheme, size, viewport);
  }
}

async function cookieOf(who) {
  if (!cookies.has(who)) cookies.set(who, await signIn(fleet, who));
  return cookies.get(who);
}

async function look(view, colorScheme, size, viewport) {
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce', permissions: ['clipboard-read', 'clipboard-write'] });
  const who = 'session' in view ? view.session : everything;
  if (who) await context.addCookies([{ ...(await cookieOf(who)), url: console_.address, httpOnly: true, sameSite: 'Strict' }]);
  const page = await context.newPage();
  const said = [];
  page.on('console', (message) => {
    // That nobody is signed in is an answer with a status, which a browser reports as a failure.
    const expected = new RegExp(`status of (401|${view.refused})`).test(message.text());
    if (['error', 'warning'].includes(message.type()) && !expected) said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(String(error)));
  await page.goto(`${console_.address}/console${view.path}`);
  await page.getByText(view.shows).first().waitFor();
  await view.then?.(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  if (wide) said.push('the page is wider than the window');
  await page.screenshot({ path: `${OUT}${view.name}-${colorScheme}-${size}.png` });
  await page.evaluate(AXE);
  const { violations: found } = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules }), RULES);
  for (const { id, help, nodes } of found) console.log(`axe  ${view.name} ${colorScheme} ${size}: ${id}: ${help}\n     ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join('\n     ')}`);
  for (const text of said) console.log(`says ${view.name} ${colorScheme} ${size}: ${text}`);
  violations += found.length;
  complaints += said.length;
  looked += 1;
  await context.close();
}

await browser.close();
console_.close();
console.log(`${looked} pictures in ${OUT}; axe: ${violations} violations; the browser complained ${complaints} times`);
if (violations + complaints > 0) process.exit(1);
