// @vitest-environment node
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { browserName } from './browser';
import { ROLES } from './matrix';
import { allowed, difference, PURPOSE } from './roles';

it('has the table as it is committed', () => {
  const script = fileURLToPath(new URL('../../../scripts/access.mjs', import.meta.url));
  const made = execFileSync(process.execPath, [script, '--print'], { encoding: 'utf8' });
  expect(readFileSync(new URL('./matrix.ts', import.meta.url), 'utf8') === made, 'run `npm run generate`').toBe(true);
});

it('says what every role is for', () => {
  expect(Object.keys(PURPOSE).sort()).toEqual([...ROLES].sort());
});

it('tells what a change of roles adds and takes away', () => {
  const { adds, takes } = difference(['auditor'], ['developer']);
  expect(adds).toEqual(['inference.ask']);
  expect(takes).toContain('audit.export');
  expect(takes).not.toContain('fleet.read');
  expect(difference(['auditor'], ['auditor', 'vendor-support'])).toEqual({ adds: ['replica.logs', 'diagnostics.read'], takes: [] });
});

it('lets vendor support see nothing of what is asked', () => {
  expect(allowed(['vendor-support']).filter((action) => /audit|inference|key/.test(action))).toEqual([]);
});

it.each([
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36', 'Chrome 141 on Linux'],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0', 'Edge 141 on Windows'],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15', 'Safari 18 on macOS'],
  ['curl/8\u0007', 'curl/8\\u0007'], ['', 'not said'],
])('names the browser of %j', (client, name) => expect(browserName(client)).toBe(name));
