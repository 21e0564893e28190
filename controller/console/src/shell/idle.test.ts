import { expect, it } from 'vitest';
import { idleAfter } from './idle';
import { passwordProblem } from './NewPasswordForm';

const MIN = 60_000;

it('gives notice a minute before the end, and none before', () => {
  expect(idleAfter(0, 15 * MIN, 13.9 * MIN)).toEqual({ phase: 'at-work' });
  expect(idleAfter(0, 15 * MIN, 14 * MIN)).toEqual({ phase: 'notice', secondsLeft: 60 });
  expect(idleAfter(0, 15 * MIN, 14.5 * MIN)).toEqual({ phase: 'notice', secondsLeft: 30 });
  expect(idleAfter(0, 15 * MIN, 15 * MIN)).toEqual({ phase: 'over' });
});

it('does not make one long notice of a short session', () => {
  expect(idleAfter(0, MIN, 20_000)).toEqual({ phase: 'at-work' });
  expect(idleAfter(0, MIN, 31_000)).toEqual({ phase: 'notice', secondsLeft: 29 });
});

it('counts characters of a password as people do', () => {
  expect(passwordProblem('🔑'.repeat(11))).toBe('At least 12 characters; 11 so far');
  expect(passwordProblem('🔑'.repeat(12))).toBeUndefined();
  expect(passwordProblem('x'.repeat(257))).toBe('At most 256 characters');
});
