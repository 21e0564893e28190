// A huge answer: two megabytes in twenty thousand pieces. All of it is there, and it can be stopped at any moment.
//   CLOISTER_URL=… CLOISTER_KEY=… npm run huge
// The fleet has a deployment; the answer is made here, in the controller's stead.
import { api, stage, until } from './stage.mjs';

const { address, served, faults, person, task, end } = await stage('huge');
const PIECES = 20_000;
const { records: [{ id: record }] } = await api('GET', '/api/v1/audit/records?limit=1');
const piece = (at) => `${String(at).padStart(5, '0')} ${'a wound heals from its edges '.repeat(3)}and so on\n`;
const asked = { closed: false, written: 0 };

/** As fast as it is read, like a model that is faster than any page. */
async function answer(_, outgoing) {
  Object.assign(asked, { closed: false, written: 0, goOn: undefined });
  outgoing.on('drain', () => asked.goOn());
  outgoing.on('close', () => { asked.closed = true; asked.goOn?.(); });
  outgoing.writeHead(200, { 'content-type': 'text/event-stream', 'x-cloister-record': record });
  for (let at = 0; at < asked.pieces && !asked.closed; at += 1) {
    const event = `data: ${JSON.stringify({ choices: [{ delta: { content: piece(at) }, finish_reason: null }] })}\n\n`;
    asked.written = at + 1;
    if (!outgoing.write(event)) await new Promise((resolve) => { asked.goOn = resolve; });
  }
  outgoing.end('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
}

/** Watches how long frames take, from now on. */
const watchFrames = (page) => page.evaluate(() => {
  globalThis.longest = 0;
  let last = performance.now();
  const look = (now) => { globalThis.longest = Math.max(globalThis.longest, now - last); last = now; requestAnimationFrame(look); };
  requestAnimationFrame(look);
});

const longestFrame = async (page) => Math.round(await page.evaluate(() => globalThis.longest));
/** What the page shows of the newest answer, without what only a screen reader reads. */
const shown = (page) => page.evaluate(() => [...[...document.querySelectorAll('.answer')].at(-1).querySelectorAll('span:not(.unseen, .caret)')].map((part) => part.textContent).join(''));

/** Looks at one attribute: what searches the page for a text would itself hold up a page of megabytes. */
const reaches = (page, phase) => page.waitForFunction((wanted) => [...document.querySelectorAll('.answer')].at(-1)?.dataset.phase === wanted, phase, { polling: 50, timeout: 60_000 });

async function ask(page, pieces) {
  asked.pieces = pieces;
  await page.getByLabel('Your question').fill('Tell me all about wounds.');
  await page.keyboard.press('Enter');
}

served.instead('/v1/chat/completions', answer);
const page = await person();
await page.goto(`${address}/playground`);
await page.getByLabel('Your question').waitFor();
const whole = Array.from({ length: PIECES }, (_, at) => piece(at)).join('');

await task(`an answer of ${(whole.length / 1e6).toFixed(1)} MB is shown to its last letter`, async () => {
  await watchFrames(page);
  await ask(page, PIECES);
  await reaches(page, 'done');
  if ((await shown(page)) !== whole) faults.push('the answer that is shown is not the one that came');
  console.log(`      longest frame: ${await longestFrame(page)} ms`);
});

await task('in its midst it can be stopped, and what has come stays', async () => {
  await page.reload();
  await page.getByLabel('Your question').waitFor();
  await watchFrames(page);
  await ask(page, Infinity);
  await page.waitForFunction(() => [...document.querySelectorAll('.answer')].at(-1)?.textContent.length > 1e6, undefined, { polling: 100 });
  const before = await shown(page);
  const began = performance.now();
  await page.getByRole('button', { name: 'Stop' }).click();
  await reaches(page, 'stopped');
  const took = Math.round(performance.now() - began);
  console.log(`      stopped after ${took} ms; longest frame: ${await longestFrame(page)} ms`);
  const after = await shown(page);
  const sent = Array.from({ length: asked.written }, (_, at) => piece(at)).join('');
  if (!after.startsWith(before) || !sent.startsWith(after)) faults.push('what is shown after stopping is not what came');
  await until('the end of the request', () => asked.closed);
});

served.instead();
await end();
