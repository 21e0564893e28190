import type { Model } from '../../api/queries';
import { formatBytes, NumberField, Notice, Select, TextField } from '../../design';
import { TenantChoice } from '../../fleet/TenantChoice';
import type { Draft, DraftProblems } from './intent';

export interface IntentFieldsProps {
  draft: Draft;
  onChange: (draft: Draft) => void;
  models: readonly Model[];
  isNew: boolean;
  problems: DraftProblems;
}

/** Limits that the controller enforces. */
const REPLICAS_MAX = 1024;
const SEQUENCES_MAX = 256;
const CONTEXT_MAX = 1_048_576;

export function IntentFields({ draft, onChange, models, isNew, problems }: IntentFieldsProps) {
  const set = <K extends keyof Draft>(key: K) => (value: Draft[K]) => onChange({ ...draft, [key]: value });
  const number = (key: 'replicas' | 'contextLength' | 'maxSequences') => (value: number) => set(key)(Number.isNaN(value) ? 0 : value);
  const chosen = models.find(({ name }) => name === draft.model);
  // One that it has already stays to choose, so that the form shows what is.
  const choices = models.filter(({ name, approval }) => approval === 'approved' || name === draft.model);
  const options = choices.map(({ name, quantization, size_bytes: size, approval }) => ({ id: name, label: name, note: approval === 'approved' ? `${quantization}, ${formatBytes(size)}` : approval }));
  return (
    <>
      {isNew ? <TextField label="Name" hint="Callers write it as the model" value={draft.name} onChange={set('name')} error={problems.name} mono autoFocus /> : null}
      {isNew ? <TenantChoice value={draft.tenant} onChange={set('tenant')} /> : null}
      <Select label="Model" value={draft.model} onChange={set('model')} options={options} error={problems.model} />
      {models.length === 0 ? <Notice>No model is in the fleet yet. Import one first.</Notice> : null}
      {models.length > 0 && choices.length === 0 ? <Notice>No model is approved. A fleet admin or a model approver must approve one first.</Notice> : null}
      {chosen?.approval === 'retired' ? <Notice tone="warn">{chosen.name} is retired: with it the deployment may only be scaled down. To change anything else, choose another model.</Notice> : null}
      {chosen && !chosen.trusted ? <Notice tone="warn">The signer of {chosen.name} is not trusted for it any more, so it is not placed.</Notice> : null}
      <div className="form-pair">
        <NumberField label="Replicas" hint="0 keeps the deployment, and runs nothing" value={draft.replicas} onChange={number('replicas')} min={0} max={REPLICAS_MAX} />
        <NumberField label="Context, in tokens" hint={chosen ? `0: the default. At most ${chosen.context_length.toLocaleString('en')}` : '0: the default'} value={draft.contextLength} onChange={number('contextLength')} min={0} max={chosen?.context_length ?? CONTEXT_MAX} />
        <NumberField label="Sequences at once" hint="Of one replica. 0: the default" value={draft.maxSequences} onChange={number('maxSequences')} min={0} max={SEQUENCES_MAX} />
      </div>
      <div className="form-pair">
        <TextField label="Jurisdiction" hint="Runs only there. DE admits DE-HE. Empty: anywhere" value={draft.jurisdiction} onChange={set('jurisdiction')} error={problems.jurisdiction} mono />
        <TextField label="Node labels" hint="A node must have all. One key=value in a line" value={draft.selector} onChange={set('selector')} error={problems.selector} lines={2} mono />
      </div>
    </>
  );
}
