import { Columns2, X } from 'lucide-react';
import { Button, Select, visible } from '../../design';
import type { Askable } from './queries';
import { TurnView } from './TurnView';
import type { Lane } from './useLane';

export interface LaneViewProps {
  label: string;
  lane: Lane;
  chosen: string;
  onChoose: (deployment: string) => void;
  deployments: readonly Askable[];
  onCompare?: (() => void) | undefined;
  onRemove?: () => void;
}

/** One deployment, and what was said with it. */
export function LaneView({ label, lane, chosen, onChoose, deployments, onCompare, onRemove }: LaneViewProps) {
  const options = deployments.map(({ id, cloister }) => ({ id, label: id, note: readiness(cloister) }));
  // A deployment that is gone, or that an address names: it stays chosen, and asking it says why it cannot be asked.
  if (!deployments.some(({ id }) => id === chosen)) options.push({ id: chosen, label: chosen, note: 'not there' });
  return (
    <section className="lane" aria-label={`${label} ${visible(chosen)}`}>
      <header className="lane-head">
        <Select label={label} value={chosen} onChange={onChoose} options={options} isDisabled={lane.isBusy} />
        <Facts of={deployments.find(({ id }) => id === chosen)} />
        {onCompare ? <Button icon={<Columns2 />} onPress={onCompare}>Compare</Button> : null}
        {onRemove ? <Button kind="ghost" aria-label="Take it away again" icon={<X />} isDisabled={lane.isBusy} onPress={onRemove} /> : null}
      </header>
      {lane.turns.length === 0 ? <p className="lane-empty soft">Nothing has been asked yet.</p> : null}
      <ol className="turns">{lane.turns.map((turn) => <TurnView key={turn.id} turn={turn} deployment={visible(chosen)} />)}</ol>
    </section>
  );
}

function readiness({ model_name: model, ready_replicas: ready }: Askable['cloister']): string {
  return ready === 0 ? `${model}, no replica ready` : model;
}

function Facts({ of }: { of: Askable | undefined }) {
  if (!of) return null;
  return <span className="lane-facts soft small">{of.cloister.model_name}, {of.cloister.ready_replicas} ready, context {of.max_model_len.toLocaleString('en')}</span>;
}
