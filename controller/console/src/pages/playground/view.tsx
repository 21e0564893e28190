import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { useMay } from '../../api/session';
import { Button, EmptyState, ErrorState, PageHead, Skeleton } from '../../design';
import { Composer } from './Composer';
import { LaneView } from './LaneView';
import { DEFAULTS, parameterProblems, sampling } from './parameters';
import { ParameterFields } from './ParameterFields';
import { askable, type Askable } from './queries';
import { useFollow } from './useFollow';
import { useLane } from './useLane';
import './playground.css';

export default function Playground() {
  const query = useQuery(askable);
  const may = useMay();
  const create = may('deployment.change') ? <Link to="/deployments?new">Create a deployment</Link> : undefined;
  if (query.data && query.data.length > 0) return <Conversations deployments={query.data} />;
  return (
    <>
      <PageHead title="Playground" />
      {query.data ? <EmptyState title="There is nothing to ask yet" action={create}>A deployment runs a model; once there is one, it can be asked here.</EmptyState>
        : query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={6} />}
    </>
  );
}

/** Which deployments are asked is part of the address; what is said stays on this page. */
function useChosen(deployments: readonly Askable[]) {
  const [address, setAddress] = useSearchParams();
  const choose = (name: 'ask' | 'beside') => (value: string) => setAddress((now) => {
    const next = new URLSearchParams(now);
    if (value) next.set(name, value);
    else next.delete(name);
    return next;
  }, { replace: true });
  const first = address.get('ask') ?? deployments.find(({ cloister }) => cloister.ready_replicas > 0)?.id ?? deployments[0]?.id ?? '';
  return { first, second: address.get('beside') ?? '', chooseFirst: choose('ask'), chooseSecond: choose('beside') };
}

const lengthOf = (parts: readonly string[] = []): number => parts.reduce((sum, part) => sum + part.length, 0);

function Conversations({ deployments }: { deployments: readonly Askable[] }) {
  const { first, second, chooseFirst, chooseSecond } = useChosen(deployments);
  const [parameters, setParameters] = useState(DEFAULTS);
  const [text, setText] = useState('');
  const lanes = [useLane(), useLane()] as const;
  const used = second ? lanes : [lanes[0]];
  const isBusy = used.some((lane) => lane.isBusy);
  const isWrong = Object.keys(parameterProblems(parameters)).length > 0;
  const send = async () => {
    const question = text;
    const asks = used.map((lane, at) => lane.send(question, parameters.system, { ...sampling(parameters), model: at === 0 ? first : second }));
    setText('');
    const taken = await Promise.all(asks);
    // Nobody took it: it is kept where it was typed, unless something new stands there.
    if (!taken.some(Boolean)) setText((now) => now || question);
  };
  const clear = () => lanes.forEach((lane) => lane.clear());
  // Of two that answer at once, the longer one pushes the end of the page.
  useFollow(isBusy ? lanes.map(({ turns }) => lengthOf(turns.at(-1)?.answer)).join() : '');
  const hasTurns = lanes.some(({ turns }) => turns.length > 0);
  return (
    <>
      <PageHead title="Playground" actions={<Button isDisabled={!hasTurns || isBusy} onPress={clear}>Start anew</Button>} />
      <div className="playground">
        <ParameterFields value={parameters} onChange={setParameters} />
        <div className="talk">
          <div className={second ? 'lanes lanes-two' : 'lanes'}>
            <LaneView label="Deployment" lane={lanes[0]} chosen={first} onChoose={chooseFirst} deployments={deployments} onCompare={second ? undefined : () => chooseSecond(deployments.find(({ id }) => id !== first)?.id ?? first)} />
            {second ? <LaneView label="Deployment beside it" lane={lanes[1]} chosen={second} onChoose={chooseSecond} deployments={deployments} onRemove={() => chooseSecond('')} /> : null}
          </div>
          <Composer text={text} onText={setText} isBusy={isBusy} isWrong={isWrong} onSend={() => void send()} onStop={() => used.forEach((lane) => lane.stop())} />
        </div>
      </div>
    </>
  );
}
