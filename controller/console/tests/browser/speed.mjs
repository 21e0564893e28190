// How soon the first page is there, and how long frames take while a table of ten thousand rows is scrolled.
// `scripts/console-speed.sh` starts a fleet for it. What is measured is printed beside its limit; nothing fails by it, because
// a busy machine is slow.
import { signIn, everything } from './sessions.mjs';
import { stage } from './stage.mjs';

const { CLOISTER_URL: url, CLOISTER_KEY: key } = process.env;
const { address, browser, served, faults, person, end } = await stage('speed');
const COLD_LOADS = 9;
const ROWS = 10_000;
const SCROLL = { y_px: 60_000, px_per_s: 8000 };
/** At 60 frames a second. */
const FRAME_MS = 1000 / 60;
const LIMITS = { first_view_ms: 1000, layout_shift: 0, transferred_kb: 350, frame_p95_ms: 20 };

const rank = (values, share) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
const median = (values) => rank(values, 0.5);

function tell(what, value, limit, unit = '') {
  const against = limit === undefined ? '' : `   limit ${limit}${unit}${value > limit ? ', EXCEEDED' : ''}`;
  console.log(`  ${what.padEnd(44)} ${value.toFixed(unit === ' ms' || unit === ' kB' ? 1 : 4).padStart(9)}${unit}${against}`);
}

/** Runs in the page before anything of it does. */
function watchFirstView() {
  globalThis.shifts = 0;
  new PerformanceObserver((list) => { for (const shift of list.getEntries()) if (!shift.hadRecentInput) globalThis.shifts += shift.value; })
    .observe({ type: 'layout-shift', buffered: true });
  new MutationObserver((_, observer) => {
    if (globalThis.firstViewMs !== undefined || !document.querySelector('.glance')) return;
    observer.disconnect();
    // In the frame after the one that has it, it was painted.
    requestAnimationFrame(() => requestAnimationFrame((now) => { globalThis.firstViewMs = now; }));
  }).observe(document, { childList: true, subtree: true });
}

/** Nothing more comes after so long. */
const QUIET_MS = 500;
const PAGES = ['/', '/nodes', '/models', '/deployments', '/playground', '/audit', '/access/accounts', '/access/keys', '/operations'];

/** A browser that has never been here, but for being signed in, opens the console. `isThere`: told by the page. */
async function coldLoad(cookie, path = '/', isThere = () => globalThis.firstViewMs !== undefined) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.addCookies([{ ...cookie, url, httpOnly: true, sameSite: 'Strict' }]);
  const page = await context.newPage();
  const network = await context.newCDPSession(page);
  await network.send('Network.enable');
  let bytes = 0;
  let heard = performance.now();
  network.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
    heard = performance.now();
  });
  await page.addInitScript(watchFirstView);
  await page.goto(`${url}/console${path}`);
  await page.waitForFunction(isThere);
  // The stream of changes has no end: all else is there when nothing has come for a while.
  while (performance.now() - heard < QUIET_MS) await new Promise((resolve) => setTimeout(resolve, 50));
  const seen = await page.evaluate(() => ({ first_view_ms: globalThis.firstViewMs, layout_shift: globalThis.shifts }));
  await context.close();
  return { ...seen, transferred_kb: bytes / 1000 };
}

function keyAt(at) {
  const id = String(at).padStart(5, '0');
  return {
    id: `key${id}`, name: `ward-${id}.reports`, role: at % 9 === 0 ? 'admin' : 'inference', models: at % 3 === 0 ? [`ward-${at % 40}`] : [],
    created_at: new Date(Date.UTC(2026, 0, 1) + at * 60_000).toISOString(), expires_at: at % 4 === 0 ? '2031-01-01T00:00:00Z' : null, revoked_at: null,
  };
}

/** Frame after frame, until told to stop. */
const watchFrames = () => {
  globalThis.frames = [];
  let last = performance.now();
  const look = (now) => {
    globalThis.frames?.push(now - last);
    last = now;
    if (globalThis.frames) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};
const takeFrames = () => {
  const { frames } = globalThis;
  globalThis.frames = undefined;
  return frames.slice(1);
};

function tellFrames(what, frames, limit) {
  tell(`${what}: median`, median(frames), undefined, ' ms');
  tell(`${what}: 95 of 100 within`, rank(frames, 0.95), limit, ' ms');
  tell(`${what}: longest`, Math.max(...frames), undefined, ' ms');
  // A frame of two intervals left one out.
  const dropped = frames.reduce((sum, ms) => sum + Math.max(0, Math.round(ms / FRAME_MS) - 1), 0);
  console.log(`  ${`${what}: dropped`.padEnd(44)} ${String(dropped).padStart(9)} of ${frames.length + dropped}`);
}

const cookie = await signIn({ url, key }, everything);
const loads = [];
for (let load = 0; load < COLD_LOADS; load += 1) loads.push(await coldLoad(cookie));
console.log(`the first page, median of ${COLD_LOADS} cold loads from this machine's controller`);
tell('until it shows the fleet', median(loads.map(({ first_view_ms: ms }) => ms)), LIMITS.first_view_ms, ' ms');
tell('layout shift (CLS), the worst of all', Math.max(...loads.map(({ layout_shift: shift }) => shift)), LIMITS.layout_shift);
tell('transferred', median(loads.map(({ transferred_kb: kb }) => kb)), LIMITS.transferred_kb, ' kB');

const first = async (path, list) => (await fetch(`${url}/api/v1/${path}`, { headers: { authorization: `Bearer ${key}` } }).then((answer) => answer.json()))[list][0];
const one = await Promise.all(['nodes', 'models', 'deployments'].map(async (kind) => `/${kind}/${(await first(kind, kind)).name}`));
const record = `/audit/${(await first('audit/records?limit=1', 'records')).id}`;
const shifts = [];
for (const path of [...PAGES, ...one, record]) {
  const { layout_shift: shift } = await coldLoad(cookie, path, () => document.querySelector('h1') && !document.querySelector('.skeleton'));
  shifts.push({ path, shift });
}
const shifted = shifts.filter(({ shift }) => shift > 0);
tell(`layout shift of ${shifts.length} pages, the worst`, Math.max(...shifts.map(({ shift }) => shift)), LIMITS.layout_shift);
for (const { path, shift } of shifted) tell(`  ${path}`, shift);

const rows = JSON.stringify({ keys: Array.from({ length: ROWS }, (_, at) => keyAt(at)) });
served.instead('/api/v1/keys', (_, outgoing) => outgoing.writeHead(200, { 'content-type': 'application/json' }).end(rows));
const page = await person();
const pointer = await page.context().newCDPSession(page);
await page.goto(`${address}/access/keys`);
const table = page.locator('.table-tall');
await table.waitFor();
const { x, y, width, height } = await table.boundingBox();

console.log(`\na table of ${ROWS.toLocaleString('en')} rows (API keys), read again every 2 s as always`);
await page.evaluate(watchFrames);
await page.evaluate(() => new Promise((done) => { let left = 180; const next = () => { left -= 1; if (left > 0) requestAnimationFrame(next); else done(); }; next(); }));
const still = await page.evaluate(takeFrames);
tellFrames('standing still', still);
await page.evaluate(watchFrames);
await pointer.send('Input.synthesizeScrollGesture', {
  x: x + width / 2, y: y + height / 2, yDistance: -SCROLL.y_px, speed: SCROLL.px_per_s, gestureSourceType: 'mouse',
});
const scrolled = await page.evaluate(takeFrames);
const reached = await table.evaluate((element) => element.scrollTop);
if (reached < SCROLL.y_px * 0.9) faults.push(`the table was scrolled by ${reached} px, and not by ${SCROLL.y_px}`);
tellFrames(`scrolling, ${SCROLL.px_per_s} px/s`, scrolled, LIMITS.frame_p95_ms);
tell('95 of 100 scrolling, to standing still', rank(scrolled, 0.95) / rank(still, 0.95));
served.instead();
await end();
