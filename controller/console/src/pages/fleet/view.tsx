import { useQueries, useQuery } from '@tanstack/react-query';
import { deployments, explanation, nodes, replicas, status } from '../../api/queries';
import { ErrorState, PageHead, Skeleton } from '../../design';
import { whyNowhere } from '../../fleet/reasons';
import { Attention } from './Attention';
import { DeploymentsAtAGlance } from './DeploymentsAtAGlance';
import { FirstSteps } from './FirstSteps';
import { Glance } from './Glance';
import { NodesByJurisdiction } from './NodesByJurisdiction';
import './fleet.css';

/** Reasons are read one by one; the first few are enough to see what is wrong. */
const REASONS_READ = 8;

export default function FleetPage() {
  const of = { status: useQuery(status), nodes: useQuery(nodes), replicas: useQuery(replicas), deployments: useQuery(deployments) };
  const unplaced = (of.replicas.data ?? []).filter(({ phase }) => phase === 'unplaced').slice(0, REASONS_READ);
  const reasons = useQueries({ queries: unplaced.map(({ id }) => explanation(id)), combine: (all) => new Map(all.flatMap(({ data }) => (data ? [[data.replica.id, whyNowhere(data)] as const] : []))) });
  const failed = Object.values(of).find((query) => query.isError && query.data === undefined);
  if (failed?.error) return <><PageHead title="Fleet" /><ErrorState error={failed.error} onRetry={() => void failed.refetch()} /></>;
  if (!of.status.data || !of.nodes.data || !of.replicas.data || !of.deployments.data) {
    return <><PageHead title="Fleet" /><Skeleton rows={12} label="Reading the fleet" /></>;
  }
  const fleet = { nodes: of.nodes.data, replicas: of.replicas.data, deployments: of.deployments.data, reasons };
  return (
    <>
      <PageHead title="Fleet" />
      <Glance status={of.status.data} nodes={fleet.nodes} replicas={fleet.replicas} />
      <FirstSteps status={of.status.data} nodes={fleet.nodes} />
      <Attention fleet={fleet} />
      <NodesByJurisdiction nodes={fleet.nodes} />
      <DeploymentsAtAGlance deployments={fleet.deployments} replicas={fleet.replicas} />
    </>
  );
}
