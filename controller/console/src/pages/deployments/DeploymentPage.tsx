import { useQuery } from '@tanstack/react-query';
import { MessageSquareText, Pencil, RotateCcw, Scale, Trash2 } from 'lucide-react';
import { Link, Navigate, NavLink, Route, Routes, useParams } from 'react-router';
import { deployment as read, replicas, type Deployment } from '../../api/queries';
import { useAnswered } from '../../api/answered';
import { useMay } from '../../api/session';
import { Button, CopyField, Dialog, EmptyState, ErrorState, Facts, formatCount, PageHead, Section, Skeleton, Time, useDialogParameter, visible } from '../../design';
import { ReplicaTable } from '../../fleet/ReplicaTable';
import { jurisdictionName, ReadyBadge } from '../../fleet/states';
import { Conditions } from './Conditions';
import { EventsTab } from './EventsTab';
import { HistoryTab } from './HistoryTab';
import { IntentForm } from './IntentForm';
import { LogsTab } from './LogsTab';
import { RemoveDeployment } from './RemoveDeployment';
import { RestartForm } from './RestartForm';
import { ScaleForm } from './ScaleForm';
import { WhyHere } from './WhyHere';

const parent = { title: 'Deployments', to: '/deployments' };

export function DeploymentPage() {
  const { name = '' } = useParams();
  const query = useQuery(read(name));
  if (query.data) return <DeploymentDetail deployment={query.data} />;
  return (
    <>
      <PageHead title={visible(name)} parent={parent} />
      {query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={8} />}
    </>
  );
}

const TABS = [{ path: '', title: 'Overview' }, { path: 'history', title: 'History' }, { path: 'events', title: 'Events' }, { path: 'logs', title: 'Logs' }] as const;

function DeploymentDetail({ deployment }: { deployment: Deployment }) {
  const { name } = deployment;
  const here = `/deployments/${encodeURIComponent(name)}`;
  return (
    <>
      <PageHead title={name} parent={parent} note={<ReadyBadge deployment={deployment} />} actions={<Actions deployment={deployment} />} />
      <nav aria-label={`About ${name}`} className="tab-list">
        {TABS.map(({ path, title }) => <NavLink key={title} to={path ? `${here}/${path}` : here} end className="tab tab-link">{title}</NavLink>)}
      </nav>
      <Routes>
        <Route index element={<Overview deployment={deployment} />} />
        <Route path="history" element={<HistoryTab deployment={deployment} />} />
        <Route path="events" element={<EventsTab deployment={deployment} />} />
        <Route path="logs" element={<LogsTab deployment={deployment} />} />
        <Route path="*" element={<Navigate to={here} replace />} />
      </Routes>
    </>
  );
}

function Overview({ deployment }: { deployment: Deployment }) {
  const { name } = deployment;
  const placed = useQuery(replicas);
  const its = placed.data?.filter((replica) => replica.deployment === name);
  if (!useAnswered(placed)) return <Skeleton rows={12} label="Reading the deployment" />;
  return (
    <>
      {its ? <Section title="Conditions"><Conditions deployment={deployment} replicas={its} /></Section> : null}
      <Section title="Intent" note={`revision ${deployment.revision}`}><Intent deployment={deployment} /></Section>
      <Section title="Replicas" note={its ? `${its.length} there, ${deployment.replicas} wanted` : ''}>
        {!its ? <Skeleton rows={2} /> : its.length === 0 ? <EmptyState title={deployment.replicas === 0 ? 'Scaled to nothing' : 'Not planned yet'} /> : <ReplicaTable label={`Replicas of ${name}`} replicas={its} show="node" />}
      </Section>
      {its && its.length > 0 ? <WhyHere replicas={its} /> : null}
    </>
  );
}

function Intent({ deployment }: { deployment: Deployment }) {
  const labels = Object.entries(deployment.node_selector);
  return (
    <Facts of={[
      ['Model', <Link key="model" to={`/models/${encodeURIComponent(deployment.model_name)}`}>{deployment.model_name}</Link>],
      ['Model digest', <CopyField key="digest" value={deployment.model_digest} label="the model digest" />],
      ['Jurisdiction', deployment.jurisdiction ? jurisdictionName(deployment.jurisdiction) : 'anywhere'],
      ['Node labels', labels.length > 0 ? labels.map(([key, value]) => <code key={key} className="label">{key}={value}</code>) : 'any node'],
      ['Context', `${formatCount(deployment.context_length)} tokens`],
      ['Sequences at once', `${deployment.max_sequences} per replica`],
      ['KV cache', `${formatCount(deployment.kv_tokens)} tokens per replica`],
      ['Restarted', deployment.restarts > 0 ? `${deployment.restarts} ${deployment.restarts === 1 ? 'time' : 'times'}` : ''],
      ['Created', <Time key="created" at={deployment.created_at} exact />],
    ]} />
  );
}

function Actions({ deployment }: { deployment: Deployment }) {
  const may = useMay();
  const [editing, openEdit, closeEdit] = useDialogParameter('edit');
  const [scaling, openScale, closeScale] = useDialogParameter('scale');
  const [restarting, openRestart, closeRestart] = useDialogParameter('restart');
  const [removing, openRemove, closeRemove] = useDialogParameter('remove');
  const change = may('deployment.change');
  const remove = may('deployment.remove');
  return (
    <>
      {may('inference.ask') ? <Link className="button button-plain button-text" to={`/playground?ask=${encodeURIComponent(deployment.name)}`}><MessageSquareText aria-hidden="true" />Ask</Link> : null}
      {change ? <Button icon={<Scale />} onPress={openScale}>Scale</Button> : null}
      {change ? <Button icon={<Pencil />} onPress={openEdit}>Edit</Button> : null}
      {change ? <Button icon={<RotateCcw />} onPress={openRestart}>Restart</Button> : null}
      {remove ? <Button kind="danger" icon={<Trash2 />} onPress={openRemove}>Remove</Button> : null}
      <Dialog title={`Edit ${deployment.name}`} size="wide" isOpen={editing && change} onClose={closeEdit}><IntentForm existing={deployment} onClose={closeEdit} /></Dialog>
      <Dialog title={`Scale ${deployment.name}`} isOpen={scaling && change} onClose={closeScale}><ScaleForm deployment={deployment} onClose={closeScale} /></Dialog>
      <Dialog title={`Restart ${deployment.name}`} isOpen={restarting && change} onClose={closeRestart}><RestartForm deployment={deployment} onClose={closeRestart} /></Dialog>
      <RemoveDeployment deployment={deployment} isOpen={removing && remove} onClose={closeRemove} />
    </>
  );
}
