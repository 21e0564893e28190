import { describe, expect, it } from 'vitest';
import { isVerifierKey } from './pinnedKey';
import { parseVerdict, VerifierFailed } from './verdict';

describe('a verdict', () => {
  it('is taken as the program says it', () => {
    const verdict = parseVerdict('{"verdict":"tampered","reason":"record 3 is not in the log"}\n', '');
    expect(verdict).toEqual({ verdict: 'tampered', reason: 'record 3 is not in the log' });
  });

  it.each([
    ['', 'error: the key is not a key'],
    ['{"verdict":"fine"}', ''],
    ['{"verdict"', ''],
    ['null', ''],
  ])('is never made up from %j', (output, complaint) => {
    expect(() => parseVerdict(output, complaint)).toThrow(VerifierFailed);
  });
});

describe('a key', () => {
  it.each([
    ['cloister/fleet-01m8n5nz81vqb6q8cjr8z6yd9t+67879c4e+AUNjFEIgZGsDRKEofNFN2q6uOUOUDGSgMAB00+SUCSFM8', true],
    ['cloister/fleet+67879c4e', false],
    ['', false],
    ['-----BEGIN PUBLIC KEY-----', false],
  ])('%s is one: %s', (text, is) => {
    expect(isVerifierKey(text)).toBe(is);
  });
});
