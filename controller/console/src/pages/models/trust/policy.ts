import type { Model, Signer, TrustPolicy, TrustPolicyRequest } from '../../../api/queries';
import { nameProblem } from '../name';

/** A policy as it is typed. */
export interface PolicyDraft {
  name: string;
  rules: readonly RuleDraft[];
}

export interface RuleDraft {
  /** Patterns, with blanks or commas between them. */
  models: string;
  signers: readonly SignerDraft[];
}

export interface SignerDraft {
  name: string;
  pem: string;
}

export const blankSigner: SignerDraft = { name: '', pem: '' };
export const blankRule: RuleDraft = { models: '', signers: [blankSigner] };
export const blankPolicy: PolicyDraft = { name: '', rules: [blankRule] };

/** What the controller takes at most, of each. */
export const MOST = { rules: 64, signers: 16 } as const;

const PATTERN = /^[a-z0-9.*?-]{1,63}$/;

export const patternsIn = (models: string): string[] => models.split(/[\s,]+/).filter(Boolean);

export function draftOf({ name, rules }: TrustPolicy): PolicyDraft {
  return {
    name,
    rules: rules.map(({ models, signers }) => ({
      models: models.join(' '), signers: signers.map((signer) => ({ name: signer.name, pem: signer.public_key_pem.trim() })),
    })),
  };
}

export function requestOf({ rules }: PolicyDraft): TrustPolicyRequest {
  return {
    rules: rules.map(({ models, signers }) => ({
      models: patternsIn(models), signers: signers.map(({ name, pem }) => ({ name, public_key_pem: pem })),
    })),
  };
}

export interface RuleProblems {
  models?: string | undefined;
  signers: { name?: string | undefined; pem?: string | undefined }[];
}

/** What keeps a draft from being sent; `undefined` where nothing does. */
export function policyProblems({ name, rules }: PolicyDraft): { name: string | undefined; rules: RuleProblems[]; any: boolean } {
  const found = {
    name: nameProblem(name),
    rules: rules.map(({ models, signers }): RuleProblems => ({
      models: modelsProblem(models), signers: signers.map((signer) => ({ name: nameProblem(signer.name), pem: keyProblem(signer.pem) })),
    })),
  };
  const any = Boolean(found.name) || found.rules.some((rule) => Boolean(rule.models) || rule.signers.some((signer) => signer.name ?? signer.pem));
  return { ...found, any };
}

function modelsProblem(models: string): string | undefined {
  const patterns = patternsIn(models);
  if (patterns.length === 0) return 'At least one name; * stands for any characters, ? for one';
  const wrong = patterns.find((pattern) => !PATTERN.test(pattern));
  return wrong === undefined ? undefined : `${wrong} can be no model’s name: small letters, digits, dots and dashes, with * and ?`;
}

/** A private key must not travel, not even by mistake. */
export const secretProblem = (pem: string): string | undefined =>
  (pem.includes('PRIVATE KEY') ? 'This is a private key. It belongs to its signer alone: paste the public one.' : undefined);

const keyProblem = (pem: string): string | undefined =>
  secretProblem(pem) ?? (pem.includes('BEGIN PUBLIC KEY') ? undefined : 'A public key in PEM form begins with -----BEGIN PUBLIC KEY-----');

const PARTS: Readonly<Record<string, string>> = { public_key_pem: 'the public key', name: 'the name', models: 'the pattern' };

/** A refusal that names a field by its index, as people count. */
export function refusalInWords(detail: string): string {
  return detail.replace(/^rules\[(\d+)\](?:\.signers\[(\d+)\])?\.(\w+)(?:\[\d+\])?/, (_, rule: string, signer: string | undefined, part: string) =>
    `In rule ${Number(rule) + 1}${signer === undefined ? '' : `, signer ${Number(signer) + 1}`}: ${PARTS[part] ?? part}`);
}

/** Models that nobody would vouch for any more without the policy. */
export function dependentModels(policy: string, signers: readonly Signer[], models: readonly Model[]): Model[] {
  const alone = ({ every_name: everyName, policies, revoked_at: revokedAt }: Signer) =>
    everyName === false && revokedAt == null && policies?.length === 1 && policies[0] === policy;
  const keys = new Set(signers.filter(alone).map((signer) => signer.key_id));
  return models.filter(({ trusted, signer_key_id: key }) => trusted && keys.has(key));
}
