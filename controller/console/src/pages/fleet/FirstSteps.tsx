import { useQuery } from '@tanstack/react-query';
import { Circle, CircleCheck } from 'lucide-react';
import { Link } from 'react-router';
import { client, take } from '../../api/client';
import { live, liveBy } from '../../api/live';
import type { Status } from '../../api/queries';
import { useMay } from '../../api/session';
import { Section } from '../../design';
import { firstSteps, isBeginning, type Step } from './firstSteps';

/** Shown until the fleet has answered once. */
export function FirstSteps({ status }: { status: Status }) {
  const may = useMay();
  const answers = useQuery({
    queryKey: ['audit', 'first-answer'],
    queryFn: async () => (await take(client.GET('/api/v1/audit/records', { params: { query: { kind: 'inference.completed', limit: 1 } } }))).records.length > 0,
    ...liveBy('audit'),
    // Once it has answered, it has.
    refetchInterval: (query) => (query.state.data ? false : liveBy('audit').refetchInterval(query)),
    staleTime: (query) => (query.state.data ? 'static' : live.staleTime),
    enabled: may('audit.read'),
  });
  const beginning = { nodesReady: status.nodes_ready, models: status.models, deployments: status.deployments, answered: answers.data };
  if (!isBeginning(beginning)) return null;
  const steps = firstSteps(beginning);
  const next = steps.findIndex(({ isDone }) => !isDone);
  return (
    <Section title="First steps" note={`${steps.filter(({ isDone }) => isDone).length} of ${steps.length} done`}>
      <ol className="steps">{steps.map((step, at) => <StepLine key={step.title} step={step} isNext={at === next} may={may(step.action)} />)}</ol>
    </Section>
  );
}

function StepLine({ step, isNext, may }: { step: Step; isNext: boolean; may: boolean }) {
  const Icon = step.isDone ? CircleCheck : Circle;
  return (
    <li className="step" data-done={step.isDone || undefined} aria-current={isNext ? 'step' : undefined}>
      <Icon aria-hidden="true" />
      <div>
        {step.isDone || !may ? <span>{step.title}</span> : <Link to={step.to}>{step.title}</Link>}
        <span className="unseen">{step.isDone ? ': done' : ': to do'}</span>
        {step.isDone ? null : <p className="soft small">{may ? step.hint : `Needs the right ${step.action}.`}</p>}
      </div>
    </li>
  );
}
