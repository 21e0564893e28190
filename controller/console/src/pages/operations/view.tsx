import { queryOptions, useQuery } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import { readBelow, useAnswered } from '../../api/answered';
import { nodes, status } from '../../api/queries';
import { useMay, useSession } from '../../api/session';
import { useTold } from '../../api/told';
import { configuration } from '../../configuration/queries';
import { ErrorState, Facts, formatCount, PageHead, Section, Skeleton, Time, visible } from '../../design';
import { LogHead } from '../../records/LogHead';
import { checkpoint } from '../../records/queries';
import { Certificates } from './Certificates';
import { Diagnostics } from './Diagnostics';
import { InForce } from './InForce';
import './operations.css';

const version = queryOptions({ queryKey: ['version'], queryFn: () => take(client.GET('/api/v1/version')) });

/** How the controller is, as far as it says, and what it was started with. */
export default function Operations() {
  const may = useMay();
  const isThere = useAnswered(
    useQuery({ ...status, ...readBelow }), useQuery(version), useQuery({ ...configuration, ...readBelow, enabled: may('configuration.read') }),
    useQuery({ ...nodes, ...readBelow, enabled: may('node.read') }), useQuery({ ...checkpoint, ...readBelow, enabled: may('audit.read') }),
  );
  if (!isThere) return <><PageHead title="Operations" /><Skeleton rows={12} label="Reading how the controller is" /></>;
  return (
    <>
      <PageHead title="Operations" />
      <Section title="Controller"><Controller /></Section>
      {may('node.read') ? <Section title="Certificates of nodes" note="the first to expire first; agents renew them by themselves"><Certificates /></Section> : null}
      {may('audit.read') ? <Section title="Log checkpoint" note="the newest that is signed"><LogHead /></Section> : null}
      <InForce />
      <Diagnostics />
      <Section title="Your session"><OwnSession /></Section>
    </>
  );
}

function Controller() {
  const now = useQuery(status);
  const its = useQuery(version);
  const told = useTold();
  const started = useQuery({ ...configuration, enabled: useMay()('configuration.read') }).data;
  const failed = [now, its].find((query) => query.error && !query.data);
  if (failed?.error) return <ErrorState error={failed.error} onRetry={() => void failed.refetch()} />;
  if (!now.data || !its.data) return <Skeleton rows={4} />;
  const { fleet, nodes, nodes_ready: nodesReady, replicas, replicas_ready: ready, models, deployments, records } = now.data;
  return (
    <Facts of={[
      ['Fleet', visible(fleet)],
      ['Version', its.data.version],
      ['API', its.data.api],
      ['Nodes', `${nodesReady} of ${nodes} connected`],
      ['Replicas', `${ready} of ${replicas} ready`],
      ['Models', formatCount(models)],
      ['Deployments', formatCount(deployments)],
      ['Audit records', formatCount(records)],
      ['What changes', told ? 'shown as it happens' : 'asked for every 2 s'],
      // Last, so that nothing moves when they come.
      ['Started', started ? <Time key="started" at={started.started_at} exact /> : undefined],
      ['Controller id', started ? <code key="id">{started.controller_id}</code> : undefined],
    ]} />
  );
}

function OwnSession() {
  const { account, roles, absolute_expires_at: end } = useSession();
  return <Facts of={[['Account', account.name], ['Roles', roles.join(', ')], ['Ends at the latest', <Time key="end" at={end} exact />]]} />;
}
