import { useQuery } from '@tanstack/react-query';
import { Undo2 } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { revisions, type Deployment, type DeploymentRevision } from '../../api/queries';
import { useMay } from '../../api/session';
import { Button, DataTable, Dialog, EmptyState, ErrorState, Section, Skeleton, Time, type Column } from '../../design';
import { changesOf, madeBy } from './history';
import { ReturnForm } from './ReturnForm';

/** What the deployment was meant to be, change by change, and the way back. */
export function HistoryTab({ deployment }: { deployment: Deployment }) {
  const may = useMay();
  const query = useQuery(revisions(deployment.name));
  const [chosen, setChosen] = useState<DeploymentRevision>();
  if (!query.data) return query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={6} />;
  const kept = query.data;
  const close = () => setChosen(undefined);
  const columns = columnsOf(kept, deployment, may('audit.read'), may('deployment.change') ? setChosen : undefined);
  return (
    <Section title="History" note="the last 50 revisions are kept">
      {kept.length === 0
        ? <EmptyState title="No revision is kept">It has not changed since this controller keeps what deployments were. The audit log tells of earlier changes.</EmptyState>
        : <DataTable label={`Revisions of ${deployment.name}`} rows={kept} columns={columns} rowKey={({ revision }) => String(revision)} />}
      <Dialog title={`Return to revision ${chosen?.revision ?? ''}`} size="wide" isOpen={chosen !== undefined} onClose={close}>
        {chosen ? <ReturnForm deployment={deployment} to={chosen} onClose={close} /> : null}
      </Dialog>
    </Section>
  );
}

type Choose = (revision: DeploymentRevision) => void;

function columnsOf(kept: readonly DeploymentRevision[], now: Deployment, readsRecords: boolean, choose?: Choose): Column<DeploymentRevision>[] {
  return [
    { id: 'revision', title: 'Revision', cell: ({ revision }) => <span className="nowrap">{revision}{revision === now.revision ? <span className="soft"> now</span> : null}</span> },
    { id: 'at', title: 'When', cell: ({ at }) => <Time at={at} /> },
    { id: 'who', title: 'Who', cell: (revision) => <span className="nowrap">{madeBy(revision)}</span> },
    { id: 'what', title: 'What changed', cell: (revision) => <Changes of={changesOf(kept.find((other) => other.revision === revision.revision - 1), revision)} /> },
    ...(readsRecords ? [{ id: 'record', title: 'Record', wideOnly: true, cell: ({ record_id: id }: DeploymentRevision) => <Link className="mono" to={`/audit/${encodeURIComponent(id)}`} title={id}>…{id.slice(-6)}</Link> }] : []),
    ...(choose ? [{
      id: 'return', title: 'Way back', align: 'end' as const,
      cell: (revision: DeploymentRevision) => (revision.revision === now.revision ? null : <Button kind="ghost" icon={<Undo2 />} aria-label={`Return to this: revision ${revision.revision}`} onPress={() => choose(revision)}>Return to this</Button>),
    }] : []),
  ];
}

function Changes({ of }: { of: readonly string[] }) {
  return <ul className="changes">{of.map((change) => <li key={change} className="wrap">{change}</li>)}</ul>;
}
