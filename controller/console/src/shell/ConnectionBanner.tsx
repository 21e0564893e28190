import { useEffect } from 'react';
import { askNow, useConnection } from '../api/connection';
import { Button, exactTime } from '../design';

/** While nobody answers: says so, says how old the figures are, and keeps trying. */
export function ConnectionBanner() {
  const { lostAt } = useConnection();
  const lost = lostAt !== undefined;
  useEffect(() => {
    document.documentElement.toggleAttribute('data-stale', lost);
  }, [lost]);
  return (
    <div className="banner-place" role="status" aria-live="assertive">
      {lostAt ? (
        <div className="banner">
          <span><strong>No connection to the controller.</strong> What you see was read before {exactTime(lostAt)} and may have changed.</span>
          <Button onPress={askNow}>Try now</Button>
        </div>
      ) : null}
    </div>
  );
}
