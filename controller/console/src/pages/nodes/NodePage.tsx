import { useQuery } from '@tanstack/react-query';
import { ShieldX } from 'lucide-react';
import { useParams } from 'react-router';
import { nodes, replicas, type Node, type Replica } from '../../api/queries';
import { useMay } from '../../api/session';
import { Button, CopyField, EmptyState, ErrorState, Facts, formatBytes, Meter, PageHead, Section, Skeleton, Time, useDialogParameter, visible } from '../../design';
import { nodeHistory } from '../../fleet/history';
import { HistorySection, useRange } from '../../fleet/HistorySection';
import { jurisdictionName, memoryUsed, NodeBadge } from '../../fleet/states';
import { ReplicaTable } from '../../fleet/ReplicaTable';
import { RevokeNode } from './RevokeNode';

const parent = { title: 'Nodes', to: '/nodes' };

export function NodePage() {
  const { name = '' } = useParams();
  const query = useQuery(nodes);
  const its = useQuery(replicas).data?.filter(({ node_name: on }) => on === name) ?? [];
  const node = query.data?.find((candidate) => candidate.name === name || candidate.id === name);
  if (node) return <NodeDetail node={node} replicas={its} />;
  return (
    <>
      <PageHead title={visible(name)} parent={parent} />
      {query.data
        ? <EmptyState title="There is no such node">It may have been enrolled under another name.</EmptyState>
        : query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={6} />}
    </>
  );
}

function NodeDetail({ node, replicas: its }: { node: Node; replicas: readonly Replica[] }) {
  const mayRevoke = useMay()('node.revoke') && node.state !== 'revoked';
  const [revoking, openRevoke, closeRevoke] = useDialogParameter('revoke');
  const revoke = <Button kind="danger" icon={<ShieldX />} onPress={openRevoke}>Revoke</Button>;
  return (
    <>
      <PageHead title={node.name} parent={parent} note={<NodeBadge state={node.state} />} actions={mayRevoke ? revoke : null} />
      <Section title="Inventory" note={node.cpu ? 'as its agent measured it' : 'not measured since the controller started'}><Inventory node={node} /></Section>
      <History node={node} />
      <Section title="Identity"><Identity node={node} /></Section>
      <Section title="Replicas" note={String(its.length)}>
        {its.length === 0 ? <EmptyState title="No replica is placed here" /> : <ReplicaTable label={`Replicas on ${node.name}`} replicas={its} show="deployment" />}
      </Section>
      <RevokeNode node={node} replicas={its} isOpen={revoking && mayRevoke} onClose={closeRevoke} />
    </>
  );
}

function History({ node }: { node: Node }) {
  const [range, chooseRange] = useRange();
  return <HistorySection title="History" query={useQuery(nodeHistory(node.id, range))} range={range} onRange={chooseRange} />;
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
