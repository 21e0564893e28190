import { visible } from '../../design/format';

const BROWSERS: readonly [name: string, mark: RegExp][] = [
  ['Edge', /Edg\/(\d+)/], ['Firefox', /Firefox\/(\d+)/], ['Chrome', /Chrom(?:e|ium)\/(\d+)/], ['Safari', /Version\/(\d+).*Safari/],
];
const SYSTEMS: readonly [name: string, mark: RegExp][] = [
  ['Windows', /Windows/], ['Android', /Android/], ['iOS', /iPhone|iPad/], ['macOS', /Mac OS X/], ['Linux', /Linux/],
];

/** What a browser calls itself, in short. It may say anything. */
export function browserName(client: string): string {
  const browser = BROWSERS.find(([, mark]) => mark.test(client));
  if (!browser) return client ? visible(client.slice(0, 40)) : 'not said';
  const [name, mark] = browser;
  const system = SYSTEMS.find(([, at]) => at.test(client))?.[0];
  return [`${name} ${mark.exec(client)?.[1] ?? ''}`, system ? `on ${system}` : ''].join(' ').trim();
}
