import type { Option } from '../../configuration/queries';

const SOURCES: Readonly<Record<string, string>> = { default: 'default', environment: 'environment', command_line: 'command line' };

/** Where a value comes from, in words; a word of a newer controller as it is. */
export const sourceName = (source: string): string => SOURCES[source] ?? source;

const isSet = ({ source }: Option): boolean => source !== 'default';

/** Those that somebody set first, each part by name. */
export function ordered(options: readonly Option[]): Option[] {
  const byName = options.toSorted((a, b) => a.name.localeCompare(b.name));
  return [...byName.filter(isSet), ...byName.filter((option) => !isSet(option))];
}

/** What is shown. Whoever looks for a word means every option, also those at their default. */
export function chosen(options: readonly Option[], word: string, withDefaults: boolean): Option[] {
  const wanted = word.trim().toLowerCase();
  if (wanted) return options.filter(({ name, value, help }) => [name, value ?? '', help].some((text) => text.toLowerCase().includes(wanted)));
  return withDefaults ? [...options] : options.filter(isSet);
}

/** The value in one line of text, and whether it stands for one that is not there. */
export function valueOf({ is_secret: isSecret, source, value }: Option): { text: string; isValue: boolean } {
  if (isSecret === true && source !== 'default') return { text: 'set, not shown', isValue: false };
  if (value == null || isSecret === true) return { text: 'not set', isValue: false };
  return value === '' ? { text: 'empty', isValue: false } : { text: value, isValue: true };
}
