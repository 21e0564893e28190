import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client, take } from '../../../api/client';
import { models, signers, type Signer } from '../../../api/queries';
import { useMay } from '../../../api/session';
import { Badge, Button, ConfirmByName, CopyField, DataTable, EmptyState, ErrorState, say, Section, Skeleton, Time, useDialogParameter, type Column } from '../../../design';
import { TrustSigner } from './TrustSigner';

/** Whose signature makes a model acceptable. */
export function Signers() {
  const query = useQuery(signers);
  const may = useMay();
  const [trusting, openTrust, closeTrust] = useDialogParameter('trust');
  const [revoking, setRevoking] = useState<Signer>();
  const trust = may('signer.trust') ? <Button onPress={openTrust}>Trust a signer</Button> : null;
  return (
    <Section title="Signers" actions={trust}>
      {query.data === undefined
        ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={2} />
        : query.data.length === 0
          ? <EmptyState title="Nobody is trusted yet">No model can be imported before a signer is trusted.</EmptyState>
          : <DataTable label="Signers" rows={query.data} columns={columns(may('signer.revoke') ? setRevoking : undefined)} rowKey={(signer) => signer.key_id} />}
      <TrustSigner isOpen={trusting && may('signer.trust')} onClose={closeTrust} />
      {revoking ? <RevokeSigner signer={revoking} onClose={() => setRevoking(undefined)} /> : null}
    </Section>
  );
}

function columns(onRevoke: ((signer: Signer) => void) | undefined): Column<Signer>[] {
  const revoke: Column<Signer> = {
    id: 'revoke', title: 'Action', align: 'end',
    cell: (signer) => (signer.revoked_at == null ? <Button kind="ghost" aria-label={`Revoke ${signer.name}`} onPress={() => onRevoke?.(signer)}>Revoke</Button> : null),
  };
  return [
    { id: 'name', title: 'Name', sort: ({ name }) => name, cell: ({ name }) => <strong>{name}</strong> },
    { id: 'state', title: 'State', cell: (signer) => (signer.revoked_at == null ? <Badge tone="ok">trusted</Badge> : <Badge tone="off">revoked</Badge>) },
    { id: 'for', title: 'For', wideOnly: true, cell: (signer) => (signer.every_name === false ? `models of ${(signer.policies ?? []).join(', ') || 'no policy'}` : 'every model') },
    { id: 'key', title: 'Key', wideOnly: true, cell: (signer) => <CopyField value={signer.key_id} shown={`${signer.key_id.slice(0, 16)}…`} label={`the key id of ${signer.name}`} /> },
    { id: 'since', title: 'Since', sort: (signer) => signer.trusted_at, cell: (signer) => <Time at={signer.trusted_at} /> },
    ...(onRevoke ? [revoke] : []),
  ];
}

function RevokeSigner({ signer, onClose }: { signer: Signer; onClose: () => void }) {
  const queries = useQueryClient();
  const its = (useQuery(models).data ?? []).filter((model) => model.signer_key_id === signer.key_id);
  const revoke = useMutation({
    mutationFn: () => take(client.DELETE('/api/v1/signers/{key_id}', { params: { path: { key_id: signer.key_id } } })),
    onSuccess: async ({ record_id: record }) => {
      await queries.invalidateQueries();
      onClose();
      say(`${signer.name} is trusted no longer. Record ${record}`);
    },
  });
  return (
    <ConfirmByName title={`Revoke ${signer.name}`} name={signer.name} action="Revoke signer" isOpen isPending={revoke.isPending} error={revoke.error} onConfirm={() => revoke.mutate()} onClose={onClose}>
      <p>Models that this key signed are not placed any more, and their replicas are drained. A revoked signer is trusted for nothing, whatever a policy says.</p>
      {its.length === 0 ? <p>No model in the fleet is signed by it.</p> : <ul className="bullets">{its.map(({ name }) => <li key={name}>{name}</li>)}</ul>}
    </ConfirmByName>
  );
}
