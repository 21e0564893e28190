import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { Link, useSearchParams } from 'react-router';
import { models, type Model } from '../../api/queries';
import { useMay } from '../../api/session';
import { Badge, Button, Bytes, DataTable, EmptyState, ErrorState, formatCount, formatShort, PageHead, Section, Select, Skeleton, Time, useDialogParameter, type Column } from '../../design';
import { ApprovalBadge } from '../../fleet/approval';
import { ImportModel } from './ImportModel';
import { Imports } from './Imports';
import { Signers } from './trust/Signers';
import { TrustPolicies } from './trust/TrustPolicies';
import { UploadProgress } from './upload/UploadProgress';

/** What somebody has to decide comes first. */
const ORDER: readonly Model['approval'][] = ['waiting', 'approved', 'retired'];

const columns: Column<Model>[] = [
  { id: 'name', title: 'Model', sort: ({ name }) => name, cell: ({ name }) => <Link to={`/models/${encodeURIComponent(name)}`}>{name}</Link> },
  { id: 'approval', title: 'Approval', sort: ({ approval }) => ORDER.indexOf(approval), cell: (model) => <ApprovalBadge of={model} /> },
  { id: 'trusted', title: 'Signature', sort: ({ trusted }) => Number(trusted), cell: ({ trusted }) => <Badge tone={trusted ? 'ok' : 'bad'}>{trusted ? 'trusted' : 'signer not trusted'}</Badge> },
  { id: 'signer', title: 'Signer', sort: (model) => model.signer_name, cell: (model) => model.signer_name },
  { id: 'kind', title: 'Architecture', wideOnly: true, sort: (model) => model.architecture, cell: (model) => `${model.architecture} ${model.quantization}` },
  { id: 'parameters', title: 'Parameters', align: 'end', wideOnly: true, sort: (model) => model.parameters, cell: (model) => formatShort(model.parameters) },
  { id: 'context', title: 'Context', align: 'end', wideOnly: true, sort: (model) => model.context_length, cell: (model) => formatCount(model.context_length) },
  { id: 'size', title: 'Size', align: 'end', sort: (model) => model.size_bytes, cell: (model) => <Bytes value={model.size_bytes} /> },
  { id: 'licence', title: 'Licence', wideOnly: true, sort: (model) => model.license ?? undefined, cell: (model) => model.license ?? <span className="soft">not stated</span> },
  { id: 'imported', title: 'Imported', wideOnly: true, sort: (model) => model.imported_at, cell: (model) => <Time at={model.imported_at} /> },
];

export function ModelsPage() {
  const query = useQuery(models);
  const [shown, setShown] = useShown();
  const rows = (query.data ?? []).filter(({ approval }) => shown === 'every' || approval === shown);
  const may = useMay();
  const [importing, openImport, closeImport] = useDialogParameter('import');
  const begin = may('model.import') ? <Button kind="primary" icon={<Plus />} onPress={openImport}>Import a model</Button> : null;
  return (
    <>
      <PageHead title="Models" actions={begin} />
      {may('model.import') ? <UploadProgress /> : null}
      <Section title="In the fleet" note={query.data ? String(query.data.length) : ''}>
        {query.data === undefined
          ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={4} />
          : query.data.length === 0
            ? <EmptyState title="No model yet" action={begin}>A model is signed by somebody the fleet trusts, and checked before it is kept.</EmptyState>
            : (
              <>
                <div className="models-filter"><Select label="Approval" value={shown} onChange={setShown} options={[{ id: 'every', label: 'Every model' }, ...ORDER.map((id) => ({ id, label: id }))]} /></div>
                {rows.length === 0
                  ? <EmptyState title={`No model is ${shown}`} action={<Button onPress={() => setShown('every')}>Show all</Button>} />
                  : <DataTable label="Models" rows={rows} columns={columns} rowKey={({ digest, name }) => `${name} ${digest}`} initialSort={{ column: 'name', descending: false }} />}
              </>
            )}
      </Section>
      {may('model.import') ? <Imports /> : null}
      {may('signer.read') ? <Signers /> : null}
      {may('trust_policy.read') ? <TrustPolicies /> : null}
      <ImportModel isOpen={importing && may('model.import')} onClose={closeImport} />
    </>
  );
}

/** Which models are listed; part of the address. */
function useShown(): [shown: string, show: (approval: string) => void] {
  const [address, setAddress] = useSearchParams();
  const asked = address.get('approval');
  const shown = ORDER.find((approval) => approval === asked) ?? 'every';
  const show = (approval: string) => setAddress((now) => {
    const next = new URLSearchParams(now);
    if (approval === 'every') next.delete('approval');
    else next.set('approval', approval);
    return next;
  });
  return [shown, show];
}
