import { useQuery } from '@tanstack/react-query';
import { CircleCheck, TriangleAlert } from 'lucide-react';
import type { Node } from '../../api/queries';
import { ErrorState, Skeleton, visible } from '../../design';
import { isGood, preview, sentence, type Change } from './preview';
import './nodes.css';

/** What a change of the node would do to each replica on it, before anybody does it. */
export function Prospects({ node, change, force = false }: { node: Node; change: Change; force?: boolean }) {
  const query = useQuery(preview(node.id, change, force));
  if (query.error) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton rows={2} label="Asking what it would do" />;
  const { replicas } = query.data;
  if (replicas.length === 0) return <p>No replica is placed on it.</p>;
  return (
    <ul className="prospects" aria-label={`What becomes of the replicas on ${node.name}`}>
      {replicas.map((replica) => {
        const good = isGood(replica, change);
        const Mark = good ? CircleCheck : TriangleAlert;
        return (
          <li key={replica.replica_id} className={good ? 'prospect' : 'prospect prospect-warn'}>
            <Mark aria-hidden="true" />
            <span className="wrap"><strong>{visible(replica.deployment)}</strong> <span className="mono soft" title={replica.replica_id}>…{replica.replica_id.slice(-6)}</span> {sentence(replica, change, node.name)}</span>
          </li>
        );
      })}
    </ul>
  );
}
