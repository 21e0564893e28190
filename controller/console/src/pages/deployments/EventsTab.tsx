import { useInfiniteQuery } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import { live } from '../../api/live';
import type { Deployment, ReplicaEvent } from '../../api/queries';
import { Badge, Button, EmptyState, ErrorState, Section, Skeleton, Time, type Tone } from '../../design';

const PAGE = 50;

/** What happened to its replicas, newest first. */
export function EventsTab({ deployment: { name } }: { deployment: Deployment }) {
  const query = useInfiniteQuery({
    queryKey: ['deployments', name, 'events'],
    queryFn: ({ pageParam }) => take(client.GET('/api/v1/deployments/{name}/events', {
      params: { path: { name }, query: { limit: PAGE, ...(pageParam ? { before: pageParam } : {}) } },
    })),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_before,
    refetchInterval: (of) => live.refetchInterval(of), staleTime: live.staleTime,
  });
  if (!query.data) return query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={8} />;
  const events = query.data.pages.flatMap((page) => page.events);
  return (
    <Section title="Events" note="kept for 7 days, at most 500; what must be proven is in the audit log">
      {events.length === 0
        ? <EmptyState title="Nothing happened lately" />
        : <ol className="events" aria-label={`Events of ${name}, newest first`}>{events.map((event) => <Event key={event.id} event={event} />)}</ol>}
      {query.hasNextPage ? <Button kind="ghost" isPending={query.isFetchingNextPage} onPress={() => void query.fetchNextPage()}>Show older ones</Button> : null}
    </Section>
  );
}

const TONES: Partial<Record<ReplicaEvent['kind'], Tone>> = {
  ready: 'ok', node_back: 'ok', crashed: 'bad', refused: 'bad', unplaced: 'bad', failed: 'warn', node_lost: 'warn', removed: 'off', stopped: 'off', draining: 'busy',
};

function Event({ event }: { event: ReplicaEvent }) {
  return (
    <li className="event">
      <Time at={event.at} />
      <Badge tone={TONES[event.kind] ?? 'none'}>{event.kind.replace('_', ' ')}</Badge>
      <span className="event-what wrap">{event.sentence}</span>
      <code className="soft small" title={event.replica_id}>…{event.replica_id.slice(-6)}</code>
    </li>
  );
}
