import { X } from 'lucide-react';
import { Button, TextField } from '../../../design';
import { blankSigner, MOST, type RuleDraft, type RuleProblems, type SignerDraft } from './policy';

interface RuleFieldsProps {
  number: number;
  rule: RuleDraft;
  problems: RuleProblems | undefined;
  onChange: (rule: RuleDraft) => void;
  onRemove: (() => void) | undefined;
}

export function RuleFields({ number, rule, problems, onChange, onRemove }: RuleFieldsProps) {
  const setSigners = (signers: readonly SignerDraft[]) => onChange({ ...rule, signers });
  return (
    <fieldset className="rule stack">
      <legend className="rule-head">Rule {number}{onRemove ? <Button kind="ghost" icon={<X />} aria-label={`Remove rule ${number}`} onPress={onRemove} /> : null}</legend>
      <TextField label="Models" hint="Names, with blanks between them; * stands for any characters, ? for one" value={rule.models} onChange={(models) => onChange({ ...rule, models })} error={problems?.models} placeholder="smollm2-*" mono />
      {rule.signers.map((signer, at) => (
        <SignerFields key={at} signer={signer} problems={problems?.signers[at]}
          onChange={(changed) => setSigners(rule.signers.with(at, changed))}
          onRemove={rule.signers.length > 1 ? () => setSigners(rule.signers.toSpliced(at, 1)) : undefined} />
      ))}
      {rule.signers.length < MOST.signers ? <div><Button onPress={() => setSigners([...rule.signers, blankSigner])}>Add a signer</Button></div> : null}
    </fieldset>
  );
}

interface SignerFieldsProps {
  signer: SignerDraft;
  problems: { name?: string | undefined; pem?: string | undefined } | undefined;
  onChange: (signer: SignerDraft) => void;
  onRemove: (() => void) | undefined;
}

function SignerFields({ signer, problems, onChange, onRemove }: SignerFieldsProps) {
  return (
    <div className="rule-signer">
      <TextField label="Signer" value={signer.name} onChange={(name) => onChange({ ...signer, name })} error={problems?.name} mono />
      <TextField label="Public key, PEM" value={signer.pem} onChange={(pem) => onChange({ ...signer, pem })} error={problems?.pem} lines={4} mono placeholder="-----BEGIN PUBLIC KEY-----" />
      {onRemove ? <Button kind="ghost" icon={<X />} aria-label={`Remove signer ${signer.name || 'without a name'}`} onPress={onRemove} /> : null}
    </div>
  );
}
