import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { trustPolicies, type TrustPolicy } from '../../../api/queries';
import { useMay } from '../../../api/session';
import { Button, DataTable, Dialog, EmptyState, ErrorState, Section, Skeleton, Time, useDialogParameter, visible, type Column } from '../../../design';
import { PolicyForm } from './PolicyForm';
import { RemovePolicy } from './RemovePolicy';

/** Whose signature is enough for models of certain names only. */
export function TrustPolicies() {
  const query = useQuery(trustPolicies);
  const may = useMay();
  const [isMaking, openNew, closeNew] = useDialogParameter('policy');
  const [changing, setChanging] = useState<TrustPolicy>();
  const [removing, setRemoving] = useState<TrustPolicy>();
  const mayChange = may('trust_policy.change');
  const actions = { ...(mayChange ? { onChange: setChanging } : {}), ...(may('trust_policy.remove') ? { onRemove: setRemoving } : {}) };
  return (
    <Section title="Trust policies" note="signers for models of certain names only" actions={mayChange ? <Button onPress={openNew}>Make a policy</Button> : null}>
      {query.data === undefined
        ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={2} />
        : query.data.length === 0
          ? <EmptyState title="No policy">Every signer above is trusted for every model. A policy trusts one for some names alone, such as <code>smollm2-*</code>.</EmptyState>
          : <DataTable label="Trust policies" rows={query.data} columns={columns(actions)} rowKey={({ name }) => name} initialSort={{ column: 'name', descending: false }} />}
      <Dialog title="Make a trust policy" size="wide" isOpen={isMaking && mayChange} onClose={closeNew}><PolicyForm onClose={closeNew} /></Dialog>
      {changing ? <Dialog title={`Change ${changing.name}`} size="wide" isOpen onClose={() => setChanging(undefined)}><PolicyForm existing={changing} onClose={() => setChanging(undefined)} /></Dialog> : null}
      {removing ? <RemovePolicy policy={removing} onClose={() => setRemoving(undefined)} /> : null}
    </Section>
  );
}

interface Actions {
  onChange?: (policy: TrustPolicy) => void;
  onRemove?: (policy: TrustPolicy) => void;
}

function columns({ onChange, onRemove }: Actions): Column<TrustPolicy>[] {
  const actions: Column<TrustPolicy> = {
    id: 'actions', title: 'Action', align: 'end',
    cell: (policy) => (
      <>
        {onChange ? <Button kind="ghost" aria-label={`Change ${policy.name}`} onPress={() => onChange(policy)}>Change</Button> : null}
        {onRemove ? <Button kind="ghost" aria-label={`Remove ${policy.name}`} onPress={() => onRemove(policy)}>Remove</Button> : null}
      </>
    ),
  };
  return [
    { id: 'name', title: 'Policy', sort: ({ name }) => name, cell: ({ name }) => <strong>{visible(name)}</strong> },
    { id: 'rules', title: 'Models, and who may sign them', cell: ({ rules }) => <Rules of={rules} /> },
    { id: 'revision', title: 'Revision', align: 'end', wideOnly: true, cell: ({ revision }) => revision },
    { id: 'changed', title: 'Changed', wideOnly: true, sort: (policy) => policy.updated_at, cell: (policy) => <Time at={policy.updated_at} /> },
    ...(onChange || onRemove ? [actions] : []),
  ];
}

function Rules({ of: rules }: { of: TrustPolicy['rules'] }) {
  return (
    <ul className="wrap">
      {rules.map(({ models, signers }, at) => (
        <li key={at}><code>{visible(models.join(', '))}</code> by {visible(signers.map(({ name }) => name).join(', '))}</li>
      ))}
    </ul>
  );
}
