import type { Explanation } from '../api/queries';

const NODES_NAMED = 3;

/** Why a replica is nowhere, in one sentence: the verdict, then what stands in the way of each node. */
export function whyNowhere({ reasons, nodes }: Pick<Explanation, 'reasons' | 'nodes'>): string {
  const named = nodes.slice(0, NODES_NAMED).map(({ node_name: node, reason }) => `${node} ${reason}`);
  const more = nodes.length - named.length;
  const each = named.length === 0 ? '' : `: ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
  return `${reasons.join('; ')}${each}`;
}
