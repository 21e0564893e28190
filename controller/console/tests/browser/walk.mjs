// What walks through the console have in common: people's browsers, tasks, faults, and the API of whoever set it up.
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const { CLOISTER_URL: url, CLOISTER_KEY: key, PICTURES } = process.env;
mkdirSync(PICTURES, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
export const faults = [];
/** How long a busy machine may take for what takes a moment. */
const PATIENCE_MS = 60_000;

/** Somebody's browser. What it complains of is a fault, but for answers that refuse. */
export async function person(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  return page;
}

export async function task(name, run) {
  const began = performance.now();
  await run().catch(async (error) => {
    const open = browser.contexts().flatMap((context) => context.pages());
    for (const [number, shown] of open.entries()) await shown.screenshot({ path: `${PICTURES}/failed-${number}.png` });
    console.log(`what was shown then: ${PICTURES}/failed-*.png`);
    throw new Error(`${name}: ${error.message}`, { cause: error });
  });
  console.log(`done  ${name} (${Math.round(performance.now() - began)} ms)`);
}

export async function api(method, path, body) {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const response = await fetch(url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** The answer of `condition` as soon as it is one. */
export async function until(what, condition) {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export function expect(what, found, wanted) {
  const [is, should] = [found, wanted].map((value) => JSON.stringify(value));
  if (is !== should) throw new Error(`${what}: ${is}, and not ${should}`);
}

export async function finish() {
  await browser.close();
  for (const fault of faults) console.log(`fault ${fault}`);
  if (faults.length > 0) process.exit(1);
}
