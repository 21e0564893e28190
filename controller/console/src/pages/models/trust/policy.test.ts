import { expect, it } from 'vitest';
import { dependentModels, draftOf, policyProblems, refusalInWords, requestOf, type PolicyDraft } from './policy';

const PEM = '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----';
const vendor = { name: 'vendor', pem: PEM };
const draft = (rule: Partial<PolicyDraft['rules'][number]>, name = 'radiology'): PolicyDraft => ({ name, rules: [{ models: 'smollm2-*', signers: [vendor], ...rule }] });

it('reads patterns apart by blanks and commas, and writes them back', () => {
  const request = requestOf(draft({ models: ' smollm2-*, llama?.q4  ward ' }));
  expect(request).toEqual({ rules: [{ models: ['smollm2-*', 'llama?.q4', 'ward'], signers: [{ name: 'vendor', public_key_pem: PEM }] }] });
  expect(draftOf({ name: 'radiology', revision: 3, updated_at: '', ...request }).rules[0]?.models).toBe('smollm2-* llama?.q4 ward');
});

const CASES: [what: string, draft: PolicyDraft, problem: RegExp | undefined][] = [
  ['a whole one', draft({}), undefined],
  ['no name', draft({}, ''), /63 small letters/],
  ['no model', draft({ models: ' , ' }), /At least one name/],
  ['capital letters', draft({ models: 'SmolLM2' }), /SmolLM2 can be no model’s name/],
  ['a path', draft({ models: 'a/b' }), /can be no model’s name/],
  ['no signer’s name', draft({ signers: [{ name: '', pem: PEM }] }), /63 small letters/],
  ['a private key', draft({ signers: [{ name: 'vendor', pem: '-----BEGIN PRIVATE KEY-----' }] }), /private key/],
  ['no key', draft({ signers: [{ name: 'vendor', pem: 'MFkw' }] }), /begins with -----BEGIN PUBLIC KEY/],
];

it.each(CASES)('says what is wrong with %s', (_, typed, problem) => {
  const found = policyProblems(typed);
  const told = [found.name, ...found.rules.flatMap(({ models, signers }) => [models, ...signers.flatMap(({ name, pem }) => [name, pem])])].filter(Boolean);
  expect(found.any).toBe(problem !== undefined);
  if (problem) expect(told.join()).toMatch(problem);
  else expect(told).toEqual([]);
});

it('tells a refusal as people count', () => {
  expect(refusalInWords('rules[0].signers[1].public_key_pem cannot be used: why')).toBe('In rule 1, signer 2: the public key cannot be used: why');
  expect(refusalInWords('rules[2].models[0] is no pattern')).toBe('In rule 3: the pattern is no pattern');
  expect(refusalInWords('there are 64 trust policies')).toBe('there are 64 trust policies');
});

it('knows which models a policy alone makes acceptable', () => {
  const signer = (keyId: string, more: object) => ({ key_id: keyId, name: keyId, trusted_at: '', every_name: false, policies: ['radiology'], ...more });
  const signers = [signer('alone', {}), signer('twice', { policies: ['radiology', 'other'] }), signer('always', { every_name: true }), signer('revoked', { revoked_at: '2026-01-01T00:00:00Z' })];
  const models = ['alone', 'twice', 'always', 'revoked'].map((key) => ({ name: `by-${key}`, signer_key_id: key, trusted: true }));
  expect(dependentModels('radiology', signers, models as never).map(({ name }) => name)).toEqual(['by-alone']);
});
