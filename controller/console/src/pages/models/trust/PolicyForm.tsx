import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { client, take } from '../../../api/client';
import { Problem } from '../../../api/errors';
import type { TrustPolicy } from '../../../api/queries';
import { Button, DialogActions, Notice, say, TextField } from '../../../design';
import { blankPolicy, blankRule, draftOf, MOST, policyProblems, refusalInWords, requestOf, type PolicyDraft, type RuleDraft } from './policy';
import { RuleFields } from './RuleFields';

/** A policy that must not exist yet is at a revision that nothing has. */
const NOT_YET = 0;

/** Makes a policy, or changes `existing` if it is still as it was read. */
export function PolicyForm({ existing, onClose }: { existing?: TrustPolicy; onClose: () => void }) {
  const queries = useQueryClient();
  const [base, setBase] = useState(existing);
  const [draft, setDraft] = useState<PolicyDraft>(existing ? draftOf(existing) : blankPolicy);
  const [tried, setTried] = useState(false);
  const problems = policyProblems(draft);
  const save = useMutation({
    mutationFn: () => put(draft, base),
    onSuccess: async (saved) => {
      await queries.invalidateQueries();
      onClose();
      say(`${saved.name} is at revision ${saved.revision}`);
    },
  });
  const startAgain = useMutation({
    mutationFn: () => read(draft.name),
    onSuccess: (theirs) => {
      setBase(theirs);
      setDraft(draftOf(theirs));
      save.reset();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!problems.any && !save.isPending) save.mutate();
  };
  const setRules = (rules: readonly RuleDraft[]) => setDraft((now) => ({ ...now, rules }));
  return (
    <form className="stack" onSubmit={submit}>
      <p className="soft">Models of these names may be signed by these signers, besides those who are trusted for every model. What no longer fits is drained.</p>
      {base ? null : <TextField label="Name of the policy" value={draft.name} onChange={(name) => setDraft((now) => ({ ...now, name }))} error={tried ? problems.name : undefined} mono autoFocus />}
      {draft.rules.map((rule, at) => (
        <RuleFields key={at} number={at + 1} rule={rule} problems={tried ? problems.rules[at] : undefined}
          onChange={(changed) => setRules(draft.rules.with(at, changed))}
          onRemove={draft.rules.length > 1 ? () => setRules(draft.rules.toSpliced(at, 1)) : undefined} />
      ))}
      {draft.rules.length < MOST.rules ? <div><Button onPress={() => setRules([...draft.rules, blankRule])}>Add a rule</Button></div> : null}
      {save.error ? <Refused error={save.error} isNew={!base} onStartAgain={() => startAgain.mutate()} /> : null}
      {startAgain.error ? <Notice tone="bad">{startAgain.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isPending={save.isPending}>{base ? 'Save policy' : 'Make policy'}</Button>
      </DialogActions>
    </form>
  );
}

function Refused({ error, isNew, onStartAgain }: { error: Error; isNew: boolean; onStartAgain: () => void }) {
  if (!(error instanceof Problem && error.kind === 'revision-mismatch')) return <Notice tone="bad">{refusalInWords(error.message)}</Notice>;
  return (
    <Notice tone="warn">
      {isNew ? 'There is a policy of this name already.' : 'Somebody else changed this policy while you were editing.'} Nothing of yours was saved.{' '}
      <Button kind="ghost" onPress={onStartAgain}>Drop my changes and edit that one</Button>
    </Notice>
  );
}

function put(draft: PolicyDraft, base: TrustPolicy | undefined): Promise<TrustPolicy> {
  const header = { 'If-Match': `"${base?.revision ?? NOT_YET}"` };
  return take(client.PUT('/api/v1/trust-policies/{name}', { params: { path: { name: draft.name }, header }, body: requestOf(draft) }));
}

const read = (name: string): Promise<TrustPolicy> =>
  take(client.GET('/api/v1/trust-policies/{name}', { params: { path: { name } } }));
