import { useQuery } from '@tanstack/react-query';
import { Ban, CirclePlay, LogOut, ShieldX } from 'lucide-react';
import { useParams } from 'react-router';
import { nodes, replicas, type Node } from '../../api/queries';
import { useAnswered } from '../../api/answered';
import { useMay } from '../../api/session';
import { Button, CopyField, EmptyState, ErrorState, Facts, formatBytes, Meter, Notice, PageHead, Section, Skeleton, Time, useDialogParameter, visible } from '../../design';
import { jurisdictionName, memoryUsed, NodeBadge, SchedulingBadge } from '../../fleet/states';
import { nodeHistory } from '../../fleet/history';
import { HistorySection, useRange } from '../../fleet/HistorySection';
import { ReplicaTable } from '../../fleet/ReplicaTable';
import { RevokeNode } from './RevokeNode';
import { CordonNode, DrainNode, OpenNode } from './ScheduleNode';
import './nodes.css';

const parent = { title: 'Nodes', to: '/nodes' };

export function NodePage() {
  const { name = '' } = useParams();
  const query = useQuery(nodes);
  const node = query.data?.find((candidate) => candidate.name === name || candidate.id === name);
  if (node) return <NodeDetail node={node} />;
  return (
    <>
      <PageHead title={visible(name)} parent={parent} />
      {query.data
        ? <EmptyState title="There is no such node">It may have been enrolled under another name.</EmptyState>
        : query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={6} />}
    </>
  );
}

function NodeDetail({ node }: { node: Node }) {
  const may = useMay();
  const isThere = node.state !== 'revoked';
  const [mayCordon, mayRevoke] = [may('node.cordon') && isThere, may('node.revoke') && isThere];
  const [cordoning, openCordon, closeCordon] = useDialogParameter('cordon');
  const [draining, openDrain, closeDrain] = useDialogParameter('drain');
  const [opening, openOpen, closeOpen] = useDialogParameter('open');
  const [revoking, openRevoke, closeRevoke] = useDialogParameter('revoke');
  const canDrain = node.scheduling !== 'draining' || (node.drain?.replicas_held ?? 0) > 0;
  const actions = (
    <>
      {mayCordon && node.scheduling !== 'open' ? <Button icon={<CirclePlay />} onPress={openOpen}>Open again</Button> : null}
      {mayCordon && node.scheduling === 'open' ? <Button icon={<Ban />} onPress={openCordon}>Cordon</Button> : null}
      {mayCordon && canDrain ? <Button icon={<LogOut />} onPress={openDrain}>Drain</Button> : null}
      {mayRevoke ? <Button kind="danger" icon={<ShieldX />} onPress={openRevoke}>Revoke</Button> : null}
    </>
  );
  return (
    <>
      <PageHead title={node.name} parent={parent} note={<span className="row"><NodeBadge state={node.state} /><SchedulingBadge node={node} /></span>} actions={mayCordon || mayRevoke ? actions : null} />
      <About node={node} />
      <CordonNode node={node} isOpen={cordoning && mayCordon} onClose={closeCordon} />
      <DrainNode node={node} isOpen={draining && mayCordon} onClose={closeDrain} />
      <OpenNode node={node} isOpen={opening && mayCordon} onClose={closeOpen} />
      <RevokeNode node={node} isOpen={revoking && mayRevoke} onClose={closeRevoke} />
    </>
  );
}

function About({ node }: { node: Node }) {
  const [range, chooseRange] = useRange();
  const [history, placed] = [useQuery(nodeHistory(node.id, range)), useQuery(replicas)];
  const its = placed.data?.filter(({ node_name: on }) => on === node.name) ?? [];
  if (!useAnswered(history, placed)) return <Skeleton rows={12} label="Reading the node" />;
  return (
    <>
      <div className="drain-told"><DrainTold node={node} /></div>
      <Section title="Inventory" note={node.cpu ? 'as its agent measured it' : 'not measured since the controller started'}><Inventory node={node} /></Section>
      <HistorySection title="History" query={history} range={range} onRange={chooseRange} />
      <Section title="Identity"><Identity node={node} /></Section>
      <Section title="Replicas" note={String(its.length)}>
        {its.length === 0 ? <EmptyState title="No replica is placed here" /> : <ReplicaTable label={`Replicas on ${node.name}`} replicas={its} show="deployment" />}
      </Section>
    </>
  );
}

/** How far a drain has come, and what keeps it. */
function DrainTold({ node }: { node: Node }) {
  if (!node.drain || node.state === 'revoked') return null;
  const { replicas_left: left, replicas_held: held } = node.drain;
  if (left === 0) return <Notice>It is empty. It takes no replica before it is opened again.</Notice>;
  if (held === 0) return <Notice>{left === 1 ? 'One replica is' : `${left} replicas are`} still here, and {left === 1 ? 'goes' : 'go'} once {left === 1 ? 'another serves in its place and its requests' : 'others serve in their place and their requests'} have ended.</Notice>;
  return <Notice tone="warn">{held === 1 ? 'One replica finds' : `${held} replicas find`} no other node and {held === 1 ? 'stays' : 'stay'}. Open the node again, make room elsewhere, or drain it by force.</Notice>;
}

function Inventory({ node }: { node: Node }) {
  const memory = memoryUsed(node);
  return (
    <Facts of={[
      ['CPU', node.cpu],
      ['Cores', node.cores],
      ['Kernels', node.isa ? <code>{node.isa}</code> : undefined],
      ['GPUs', node.gpus.length > 0 ? node.gpus.join(', ') : node.cpu ? 'none' : undefined],
      ['Memory', memory ? <Meter label="Memory used" used={memory.used} total={memory.total} text={`${formatBytes(memory.used)} of ${formatBytes(memory.total)} used`} /> : undefined],
      ['Agent', node.agent_version],
    ]} />
  );
}

function Identity({ node }: { node: Node }) {
  const labels = Object.entries(node.labels);
  return (
    <Facts of={[
      ['Jurisdiction', node.jurisdiction ? jurisdictionName(node.jurisdiction) : 'not set'],
      ['Region', node.region || 'not set'],
      ['Labels', labels.length > 0 ? labels.map(([key, value]) => <code key={key} className="label">{key}={value}</code>) : 'none'],
      ['Certificate', node.state === 'revoked' ? 'no longer accepted' : <>expires <Time at={node.certificate_expires_at} exact /></>],
      ['Last seen', node.last_seen_at ? <Time at={node.last_seen_at} exact /> : undefined],
      ['Id', <CopyField key="id" value={node.id} label="the node’s id" />],
    ]} />
  );
}
