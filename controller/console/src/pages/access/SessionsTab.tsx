import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import { useMay } from '../../api/session';
import { Badge, Button, DataTable, ErrorState, Notice, say, Section, Skeleton, Time, visible, type Column } from '../../design';
import { browserName } from './browser';
import { methodName } from './method';
import { openSessions, type OpenSession } from './queries';

export function SessionsTab() {
  const query = useQuery(openSessions);
  const queries = useQueryClient();
  const may = useMay()('session.end');
  const end = useMutation({
    mutationFn: (session: OpenSession) => take(client.DELETE('/api/v1/sessions/{session_id}', { params: { path: { session_id: session.id } } })),
    onSuccess: async (_, session) => {
      await queries.invalidateQueries({ queryKey: openSessions.queryKey });
      say(`The session of ${session.account_name} has ended.`);
    },
  });
  return (
    <Section title="Open sessions" note="people who are signed in now">
      {end.error ? <Notice tone="bad">{end.error.message}</Notice> : null}
      {query.data === undefined
        ? query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={3} />
        : <DataTable label="Open sessions" rows={query.data} columns={columns(may ? (session) => end.mutate(session) : undefined)} rowKey={({ id }) => id} initialSort={{ column: 'seen', descending: true }} />}
    </Section>
  );
}

function columns(onEnd: ((session: OpenSession) => void) | undefined): Column<OpenSession>[] {
  const end: Column<OpenSession> = {
    id: 'end', title: 'Action', align: 'end',
    // One's own is ended by signing out, which says so.
    cell: (session) => (session.own ? null : <Button kind="ghost" aria-label={`End the session of ${session.account_name} from ${session.address}`} onPress={() => onEnd?.(session)}>End</Button>),
  };
  return [
    { id: 'who', title: 'Account', sort: (session) => session.account_name, cell: (session) => <span className="row"><strong className="wrap">{session.account_name}</strong>{session.own ? <Badge tone="ok">this one</Badge> : null}</span> },
    { id: 'from', title: 'From', sort: ({ address }) => address, cell: ({ address }) => visible(address) },
    { id: 'browser', title: 'Browser', wideOnly: true, cell: ({ client }) => <span title={visible(client)}>{browserName(client)}</span> },
    { id: 'method', title: 'Signed in with', wideOnly: true, sort: ({ method }) => methodName(method), cell: ({ method }) => methodName(method) },
    { id: 'since', title: 'Since', wideOnly: true, sort: (session) => session.created_at, cell: (session) => <Time at={session.created_at} /> },
    { id: 'seen', title: 'Last seen', sort: (session) => session.last_seen_at, cell: (session) => <Time at={session.last_seen_at} /> },
    { id: 'until', title: 'Ends at the latest', wideOnly: true, cell: (session) => <Time at={session.absolute_expires_at} /> },
    ...(onEnd ? [end] : []),
  ];
}
