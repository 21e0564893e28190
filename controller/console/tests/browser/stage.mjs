// What the scripts here stand on: a fleet, the built console before it, people in browsers of their own, and tasks that
// are timed. Of a task that failed, what was shown then is kept as a picture.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serve } from './serve.mjs';
import { everything, signIn } from './sessions.mjs';

export const OUT = process.env.PICTURES ?? fileURLToPath(new URL('./out', import.meta.url));
const fleet = { url: process.env.CLOISTER_URL ?? 'http://127.0.0.1:7080', key: process.env.CLOISTER_KEY ?? '' };

export async function api(method, path, body, headers = {}) {
  const all = { authorization: `Bearer ${fleet.key}`, 'content-type': 'application/json', ...headers };
  const response = await fetch(fleet.url + path, { method, headers: all, ...(body ? { body: JSON.stringify(body) } : {}) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.headers.get('content-type')?.includes('json') ? response.json() : response.text();
}

/** Asks until it is so, and says what did not come if it never is. */
export async function until(what, condition, withinMs = 60_000) {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function stage(name) {
  mkdirSync(OUT, { recursive: true });
  const served = await serve(fleet);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  const faults = [];

  /** Somebody who is signed in, in a browser of their own. */
  async function person(who = everything, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options });
    await context.addCookies([{ ...(await signIn(fleet, who)), url: served.address, httpOnly: true, sameSite: 'Strict' }]);
    const page = await context.newPage();
    page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) faults.push(message.text()); });
    page.on('pageerror', (error) => faults.push(String(error)));
    return page;
  }

  async function task(title, run) {
    const began = performance.now();
    await run().catch(async (error) => {
      const open = browser.contexts().flatMap((context) => context.pages());
      for (const [number, shown] of open.entries()) await shown.screenshot({ path: `${OUT}/failed-${name}-${number}.png`, timeout: 5000 }).catch(() => undefined);
      console.log(`what was shown then: ${OUT}/failed-${name}-*.png`);
      throw error;
    });
    console.log(`done  ${title} (${Math.round(performance.now() - began)} ms)`);
  }

  async function end() {
    await browser.close();
    served.close();
    for (const fault of faults) console.log(`fault ${fault}`);
    if (faults.length > 0) process.exit(1);
  }

  return { address: `${served.address}/console`, browser, served, faults, person, task, end };
}
