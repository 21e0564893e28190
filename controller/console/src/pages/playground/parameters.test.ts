import { expect, it } from 'vitest';
import { DEFAULTS, parameterProblems, sampling } from './parameters';

it('sends only what was said', () => {
  expect(sampling({ ...DEFAULTS, maxTokens: '' })).toEqual({});
  expect(sampling({ ...DEFAULTS, temperature: '0', topP: '0.9', seed: '7', stop: 'END\n\n--' })).toEqual({ temperature: 0, top_p: 0.9, max_tokens: 512, seed: 7, stop: ['END', '--'] });
});

it.each([
  ['temperature', '2.1'], ['temperature', 'warm'], ['topP', '0'], ['topP', '1.5'], ['maxTokens', '0'], ['maxTokens', '1.5'], ['seed', '-1'], ['seed', '9007199254740993'],
] as const)('refuses %s of %s before it is sent', (name, value) => {
  expect(parameterProblems({ ...DEFAULTS, [name]: value })[name]).toBeTruthy();
});

it('takes the ends of the ranges', () => {
  expect(parameterProblems({ ...DEFAULTS, temperature: '2', topP: '1', maxTokens: '1', seed: '0' })).toEqual({});
});
