import { useQuery } from '@tanstack/react-query';
import { Check, Circle, X } from 'lucide-react';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { explanation, type Explanation, type Replica } from '../../api/queries';
import { Button, ErrorState, formatBytes, Section, Skeleton } from '../../design';

const SHOWN_FIRST = 4;

/** For each replica: why it is where it is, and why not elsewhere. */
export function WhyHere({ replicas }: { replicas: readonly Replica[] }) {
  const [all, setAll] = useState(false);
  const [parameters] = useSearchParams();
  const asked = parameters.get('replica');
  // Whoever came for one replica, or because of trouble, sees that first.
  const order = replicas.toSorted((a, b) => rank(a, asked) - rank(b, asked));
  const shown = all ? order : order.slice(0, SHOWN_FIRST);
  return (
    <Section title="Why here, and why not elsewhere">
      {shown.map(({ id }) => <OneReplica key={id} id={id} />)}
      {order.length > shown.length ? <Button kind="ghost" onPress={() => setAll(true)}>Show all {order.length}</Button> : null}
    </Section>
  );
}

const rank = ({ id, phase }: Replica, asked: string | null): number => (id === asked ? 0 : phase === 'ready' ? 2 : 1);

function OneReplica({ id }: { id: string }) {
  const query = useQuery(explanation(id));
  if (query.data) return <Told explanation={query.data} />;
  return query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={3} />;
}

function Told({ explanation: { replica, reasons, nodes, checks, ...needs } }: { explanation: Explanation }) {
  return (
    <article className="why" aria-label={`Replica ${replica.id}`}>
      <header className="why-head">
        <h3><code>…{replica.id.slice(-6)}</code> {replica.node_name ? `on ${replica.node_name}` : 'is nowhere'}</h3>
        <span className="soft small wrap">{reasons.join('; ')}</span>
      </header>
      {replica.error ? <p className="small wrap">{replica.error}</p> : null}
      <div className="why-columns">
        <div>
          <h4>Nodes that were considered</h4>
          <ul>{nodes.map((node) => <Verdict key={node.node_name} {...node} />)}</ul>
        </div>
        {checks.length > 0 ? (
          <div>
            <h4>Checks that its node made before loading</h4>
            <ul>{checks.map((check) => <li key={check} className="why-yes"><Check aria-hidden="true" /><span>{check}</span></li>)}</ul>
          </div>
        ) : null}
        <Needs {...needs} />
      </div>
    </article>
  );
}

function Verdict({ node_name: name, chosen, admissible, reason }: Explanation['nodes'][number]) {
  const Mark = chosen ? Check : admissible ? Circle : X;
  const kind = chosen ? 'yes' : admissible ? 'could' : 'no';
  const word = chosen ? 'chosen' : admissible ? 'could take it' : 'cannot take it';
  return <li className={`why-${kind}`}><Mark aria-label={word} role="img" /><span><strong>{name}</strong> {reason}</span></li>;
}

function Needs({ weights_bytes: weights, kv_bytes: kv, scratch_bytes: scratch, total_bytes: total }: Pick<Explanation, 'weights_bytes' | 'kv_bytes' | 'scratch_bytes' | 'total_bytes'>) {
  return (
    <div>
      <h4>Memory it needs</h4>
      <div className="needs" aria-hidden="true">{[weights, kv, scratch].map((bytes, at) => <span key={at} style={{ flexGrow: bytes }} />)}</div>
      <p className="small">{formatBytes(total)}: weights {formatBytes(weights)}, KV cache {formatBytes(kv)}, scratch {formatBytes(scratch)}</p>
    </div>
  );
}
