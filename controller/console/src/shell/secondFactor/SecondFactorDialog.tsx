import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { loadSession } from '../../api/session';
import { Dialog, ErrorState, say, Skeleton } from '../../design';
import { secondFactor } from './api';
import { RecoveryCodes } from './RecoveryCodes';
import { Remove } from './Remove';
import { SetUp } from './SetUp';

/** One's own second factor: set up, looked at, removed. */
export default function SecondFactorDialog({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const state = useQuery({ ...secondFactor, staleTime: 0 });
  const [codes, setCodes] = useState<readonly string[]>();
  const over = (said: string) => {
    queries.removeQueries({ queryKey: secondFactor.queryKey });
    void queries.invalidateQueries({ queryKey: ['accounts'] });
    void loadSession().catch(() => undefined);
    onClose();
    say(said);
  };
  const setAt = state.data?.set_at;
  return (
    <Dialog title={setAt && !codes ? 'Second factor' : codes ? 'Recovery codes' : 'Set up a second factor'} size={setAt ? 'small' : 'wide'} isOpen onClose={onClose} closable={!codes}>
      {codes ? <RecoveryCodes codes={codes} onDone={() => over('Your second factor is on. Your other sessions have ended.')} />
        : state.error ? <ErrorState error={state.error} onRetry={() => void state.refetch()} />
          : !state.data ? <Skeleton rows={4} />
            : setAt ? <Remove state={state.data} setAt={setAt} onRemoved={() => over('Your second factor is removed.')} onClose={onClose} />
              : <SetUp onSet={setCodes} onLater={onClose} later="Cancel" />}
    </Dialog>
  );
}
