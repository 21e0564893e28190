import type { UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';

/** For a query that a part of the page reads: it alone asks again. */
export const readBelow = { refetchInterval: false } as const;

type Asked = Pick<UseQueryResult, 'isPending' | 'fetchStatus'>;

/** Whether all of these were answered or refused once. A page that begins with what they tell waits for that: parts that
    come one by one would move those that somebody is reading already. */
export function useAnswered(...queries: readonly Asked[]): boolean {
  const [were, remember] = useState(false);
  const are = queries.every(({ isPending, fetchStatus }) => !isPending || fetchStatus === 'idle');
  if (are && !were) remember(true);
  return are || were;
}
