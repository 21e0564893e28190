// Who may do what, as data: from the committed table that the controller's own test compares with its source.
import { readFileSync, writeFileSync } from 'node:fs';

const TABLE = new URL('../../../docs/access-matrix.md', import.meta.url);
const OUT = new URL('../src/pages/access/matrix.ts', import.meta.url);

const rows = readFileSync(TABLE, 'utf8').split('\n').filter((line) => line.startsWith('|'))
  .map((line) => line.split('|').slice(1, -1).map((cell) => cell.trim()));
// The last column says what people and keys of a tenant may do with what is their own.
const [[, ...columns] = [], , ...actions] = rows;
const roles = columns.slice(0, -1);
const inTenant = actions.filter((cells) => cells.at(-1) === 'own');
const name = ([action]) => `'${action.replaceAll('`', '')}'`;
const text = [
  '// Made by `npm run generate` from docs/access-matrix.md.',
  `export const ROLES = [${roles.map((role) => `'${role}'`).join(', ')}] as const;`,
  '',
  '/** By action: the roles that may. */',
  'export const MATRIX: Readonly<Record<string, readonly (typeof ROLES)[number][]>> = {',
  ...actions.map(([action, ...cells]) => `  ${name([action])}: [${roles.filter((_, at) => cells[at] === 'allowed').map((role) => `'${role}'`).join(', ')}],`),
  '};',
  '',
  '/** Actions that are possible within a tenant, with what is its own. */',
  `export const IN_TENANT: ReadonlySet<string> = new Set([${inTenant.map(name).join(', ')}]);`,
  '',
].join('\n');

if (process.argv.includes('--print')) process.stdout.write(text);
else writeFileSync(OUT, text);
