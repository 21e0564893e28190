import { useQueries, useQuery } from '@tanstack/react-query';
import { deployments, explanation, models, nodes, replicas, status, type Model, type Node } from '../../api/queries';
import { useMay } from '../../api/session';
import { ErrorState, PageHead, Skeleton } from '../../design';
import { fleetHistory } from '../../fleet/history';
import { HistorySection, useRange } from '../../fleet/HistorySection';
import { whyNowhere } from '../../fleet/reasons';
import { Attention } from './Attention';
import { DeploymentsAtAGlance } from './DeploymentsAtAGlance';
import { FirstSteps } from './FirstSteps';
import { Glance } from './Glance';
import { NodesByJurisdiction } from './NodesByJurisdiction';
import './fleet.css';

/** Reasons are read one by one; the first few are enough to see what is wrong. */
const REASONS_READ = 8;

/** Who may see the fleet may not see all of it; a call that would be denied, and be on record, is not made. */
function useFleet() {
  const may = useMay();
  const seesNodes = may('node.read');
  const of = { status: useQuery(status), nodes: useQuery({ ...nodes, enabled: seesNodes }), replicas: useQuery(replicas), deployments: useQuery(deployments) };
  // What waits is told once it is known; the rest of the page does not wait for it.
  const known = useQuery({ ...models, enabled: may('model.read') }).data ?? NO_MODELS;
  return { of, known, seesNodes, shownNodes: seesNodes ? of.nodes.data : NONE };
}

const NONE: readonly Node[] = [];
const NO_MODELS: readonly Model[] = [];

export default function FleetPage() {
  const { of, known, seesNodes, shownNodes } = useFleet();
  const unplaced = (of.replicas.data ?? []).filter(({ phase }) => phase === 'unplaced').slice(0, REASONS_READ);
  const reasons = useQueries({ queries: unplaced.map(({ id }) => explanation(id)), combine: (all) => new Map(all.flatMap(({ data }) => (data ? [[data.replica.id, whyNowhere(data)] as const] : []))) });
  const failed = Object.values(of).find((query) => query.isError && query.data === undefined);
  if (failed?.error) return <><PageHead title="Fleet" /><ErrorState error={failed.error} onRetry={() => void failed.refetch()} /></>;
  if (!of.status.data || !shownNodes || !of.replicas.data || !of.deployments.data) {
    return <><PageHead title="Fleet" /><Skeleton rows={12} label="Reading the fleet" /></>;
  }
  const fleet = { nodes: shownNodes, replicas: of.replicas.data, deployments: of.deployments.data, models: known, reasons };
  return (
    <>
      <PageHead title="Fleet" />
      <Glance status={of.status.data} nodes={seesNodes ? fleet.nodes : undefined} replicas={fleet.replicas} />
      <FirstSteps status={of.status.data} />
      <Attention fleet={fleet} />
      {seesNodes ? <NodesByJurisdiction nodes={fleet.nodes} /> : null}
      <DeploymentsAtAGlance deployments={fleet.deployments} replicas={fleet.replicas} />
      {of.status.data.nodes > 0 ? <History /> : null}
    </>
  );
}

function History() {
  const [range, chooseRange] = useRange();
  return <HistorySection title="All nodes together" query={useQuery(fleetHistory(range))} range={range} onRange={chooseRange} />;
}
