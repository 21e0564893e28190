import { queryOptions } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import type { components } from '../../api/schema';
import { visible } from '../../design';
import { whyNowhere } from '../../fleet/reasons';

export type Change = components['schemas']['NodeChange'];
export type Prospect = components['schemas']['Prospect'];

/** What a change of a node would do, as of now: asked each time that somebody wants to know. */
export const preview = (id: string, change: Change, force: boolean) => queryOptions({
  queryKey: ['nodes', id, 'preview', change, force],
  queryFn: () => take(client.GET('/api/v1/nodes/{node}/preview', { params: { path: { node: id }, query: { change, ...(force ? { force } : {}) } } })),
  staleTime: 0, gcTime: 0,
});

/** What would become of one replica, after its deployment's name. */
export function sentence(prospect: Prospect, change: Change, node: string): string {
  const { outcome, to_node_name: to, reason } = prospect;
  if (outcome === 'moves') return to ? `moves to ${visible(to)}. ${requests(prospect, change)}` : `goes once the replica that is on its way elsewhere serves. ${requests(prospect, change)}`;
  if (outcome === 'unplaced') return `ends, and nothing takes its place. ${requests(prospect, change)} ${elsewhere(prospect, node)}`;
  if (outcome === 'ends') return `ends: ${visible(reason)}. ${requests(prospect, change)}`;
  return change === 'cordon' ? 'stays, and goes on serving.' : `stays, and goes on serving, because no other node can take it. ${elsewhere(prospect, node)}`;
}

/** Whether it is what one hopes for: whoever reads should see at once where it is not. */
export const isGood = ({ outcome }: Prospect, change: Change): boolean => outcome === 'moves' || outcome === 'ends' || (outcome === 'stays' && change === 'cordon');

function requests({ running, waiting }: Prospect, change: Change): string {
  const count = running + waiting;
  if (count === 0) return 'It has no request now.';
  const has = `It has ${count} ${count === 1 ? 'request' : 'requests'} now; ${count === 1 ? 'that' : 'those'}`;
  return change === 'revoke' ? `${has} will be cut off.` : `${has} will end there first.`;
}

/** Of the others: that this node itself is ruled out needs no saying. */
function elsewhere({ nodes }: Prospect, node: string): string {
  const others = nodes.filter(({ node_name: name }) => name !== node);
  if (others.length === 0) return 'There is no other node.';
  return `${visible(whyNowhere({ reasons: ['Elsewhere'], nodes: others }))}.`;
}
