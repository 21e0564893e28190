import { useQuery } from '@tanstack/react-query';
import { Copy, Pause, Play } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { client, take } from '../../api/client';
import { live } from '../../api/live';
import { replicas, type Deployment, type Replica } from '../../api/queries';
import { useMay, useSession } from '../../api/session';
import { Button, DeniedState, EmptyState, ErrorState, say, Section, Select, Skeleton } from '../../design';
import { textOf } from './output';

const ACTION = 'replica.logs';
const LINES = 500;

/** What the workers of the deployment wrote. */
export function LogsTab({ deployment }: { deployment: Deployment }) {
  const may = useMay();
  const { account } = useSession();
  const all = useQuery(replicas);
  if (!may(ACTION)) return <DeniedState action={ACTION} who={account.name} />;
  if (!all.data) return all.error ? <ErrorState error={all.error} onRetry={() => void all.refetch()} /> : <Skeleton rows={8} />;
  const its = all.data.filter((replica) => replica.deployment === deployment.name && replica.node_name);
  return its.length === 0 ? <EmptyState title="No replica is on a node">What a replica wrote goes when the replica does.</EmptyState> : <Logs replicas={its} />;
}

function Logs({ replicas: its }: { replicas: readonly Replica[] }) {
  const [asked, setAsked] = useState('');
  const [follows, setFollows] = useState(true);
  // A replica that went while it was looked at gives way to one that is there.
  const id = (its.find((replica) => replica.id === asked) ?? its[0])?.id ?? '';
  const query = useQuery({
    queryKey: ['replicas', id, 'logs'],
    queryFn: () => take(client.GET('/api/v1/replicas/{replica_id}/logs', { params: { path: { replica_id: id }, query: { lines: LINES } } })),
    ...live, refetchInterval: (of) => (follows ? live.refetchInterval(of) : false),
  });
  const text = textOf(query.data?.lines ?? []);
  return (
    <Section title="Logs" note="the worker’s own lines, also from before a crash; never text of a question or an answer" actions={(
      <>
        <Button icon={follows ? <Pause /> : <Play />} onPress={() => setFollows(!follows)}>{follows ? 'Stop following' : 'Follow'}</Button>
        <Button icon={<Copy />} isDisabled={!text} onPress={() => void copy(text)}>Copy</Button>
      </>
    )}>
      <div className="logs-choice"><Select label="Replica" value={id} onChange={setAsked} options={its.map(optionOf)} /></div>
      {query.data ? <Lines text={text} follows={follows} /> : query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={8} />}
    </Section>
  );
}

function Lines({ text, follows }: { text: string; follows: boolean }) {
  const box = useRef<HTMLPreElement>(null);
  useEffect(() => {
    if (follows && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text, follows]);
  if (!text) return <EmptyState title="Its worker has written nothing yet" />;
  return <pre ref={box} className="logs" tabIndex={0} role="region" aria-label="Lines of the worker">{text}</pre>;
}

const optionOf = ({ id, node_name: node, phase, restarts }: Replica) => ({
  id, label: `…${id.slice(-6)} on ${node ?? 'no node'}`, note: restarts > 0 ? `${phase}, run ${restarts}` : phase,
});

async function copy(text: string): Promise<void> {
  // Without TLS and beyond loopback a browser offers no clipboard.
  const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
  say(copied ? 'Copied' : 'This browser does not let the page copy; select the text instead');
}
