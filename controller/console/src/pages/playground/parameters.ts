import type { Question } from './ask';

/** As they were typed. Empty means what the fleet takes by default. */
export interface Parameters {
  system: string;
  temperature: string;
  topP: string;
  maxTokens: string;
  seed: string;
  /** One to a line. */
  stop: string;
}

export const DEFAULTS: Parameters = { system: '', temperature: '', topP: '', maxTokens: '512', seed: '', stop: '' };

type Problems = Partial<Record<keyof Parameters, string>>;
const STOPS_MOST = 16;

/** Why a value would be turned down, before it is sent. */
export function parameterProblems({ temperature, topP, maxTokens, seed, stop }: Parameters): Problems {
  return {
    ...(within(temperature, 0, 2) ? {} : { temperature: 'A number from 0 to 2' }),
    ...(within(topP, 0, 1) && Number(topP || '1') !== 0 ? {} : { topP: 'A number above 0, at most 1' }),
    ...(whole(maxTokens) && Number(maxTokens || '1') > 0 ? {} : { maxTokens: 'A whole number from 1' }),
    ...(whole(seed) && Number(seed || '0') <= Number.MAX_SAFE_INTEGER ? {} : { seed: 'A whole number from 0 to 9,007,199,254,740,991' }),
    ...(stopsOf(stop).length <= STOPS_MOST ? {} : { stop: `At most ${STOPS_MOST} lines` }),
  };
}

const within = (text: string, least: number, most: number): boolean => text.trim() === '' || (Number(text) >= least && Number(text) <= most);
const whole = (text: string): boolean => text.trim() === '' || /^\d+$/.test(text.trim());
const stopsOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Only what was said: the rest is the fleet's to decide. */
export function sampling({ temperature, topP, maxTokens, seed, stop }: Parameters): Omit<Question, 'model' | 'messages'> {
  const stops = stopsOf(stop);
  return {
    ...number('temperature', temperature), ...number('top_p', topP), ...number('max_tokens', maxTokens), ...number('seed', seed),
    ...(stops.length > 0 ? { stop: stops } : {}),
  };
}

function number<Name extends string>(name: Name, text: string): { [_ in Name]?: number } {
  return (text.trim() === '' ? {} : { [name]: Number(text) }) as { [_ in Name]?: number };
}
