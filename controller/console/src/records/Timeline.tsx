import { useState } from 'react';
import { ListBox, ListBoxItem } from 'react-aria-components';
import { formatCount } from '../design';
import type { Timeline as Counts } from './queries';
import { bars, GROUPS, inWords, tick, type Bar } from './timeline';
import './timeline.css';

interface TimelineProps {
  of: Counts;
  onChoose: (span: { from: string; to: string }) => void;
}

/** Of the box that a bar is drawn in; a bar that is not empty is seen. */
const HEIGHT = 100;
const LEAST = 3;

/** How many records there are over a time. Arrow keys go from bar to bar; choosing one narrows the time to it. */
export function Timeline({ of, onChoose }: TimelineProps) {
  const all = bars(of);
  const most = Math.max(1, ...all.map(({ total }) => total));
  const sum = all.reduce((total, bar) => total + bar.total, 0);
  const [shown, setShown] = useState<string>();
  const told = all.find(({ bucket }) => bucket.from === shown);
  const choose = (id: string) => {
    const bucket = all.find(({ bucket: { from } }) => from === id)?.bucket;
    if (bucket) onChoose({ from: bucket.from, to: bucket.to });
  };
  return (
    <figure className="timeline" aria-label="Records over time">
      <figcaption className="timeline-told small">{told ? inWords(told, of) : summary(of, sum)}</figcaption>
      <ListBox
        className="timeline-bars" orientation="horizontal" aria-label={`Records over time, ${summary(of, sum)}`}
        items={all.map((bar) => ({ id: bar.bucket.from, bar }))} onAction={(id) => choose(String(id))} onPointerLeave={() => setShown(undefined)}
      >
        {({ id, bar }) => (
          <ListBoxItem id={id} textValue={inWords(bar, of)} className="timeline-bar" onHoverStart={() => setShown(id)} onFocus={() => setShown(id)}>
            <span className="unseen">{inWords(bar, of)}</span>
            <Column bar={bar} most={most} />
          </ListBoxItem>
        )}
      </ListBox>
      <div className="timeline-axis small soft"><span>{tick(of.from, of)}</span><span>at most {formatCount(most)} at once</span><span>{tick(of.to, of)}</span></div>
      <Legend all={all} />
    </figure>
  );
}

function summary({ complete }: Counts, sum: number): string {
  const counted = `${formatCount(sum)} ${sum === 1 ? 'record' : 'records'}`;
  return complete ? counted : `the newest ${counted}; there are more, which are not counted`;
}

function Column({ bar, most }: { bar: Bar; most: number }) {
  const scale = bar.total === 0 ? 0 : Math.max(LEAST, (HEIGHT * bar.total) / most) / bar.total;
  let top = HEIGHT;
  return (
    <svg viewBox={`0 0 10 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {bar.parts.map(({ group, count }) => {
        const height = count * scale;
        top -= height;
        return <rect key={group.id} className={`timeline-${group.id}`} x="1" width="8" y={top} height={height} />;
      })}
    </svg>
  );
}

function Legend({ all }: { all: readonly Bar[] }) {
  const there = new Set(all.flatMap(({ parts }) => parts.map(({ group }) => group.id)));
  return (
    <ul className="timeline-legend small soft" aria-label="Colours">
      {GROUPS.filter(({ id }) => there.has(id)).map(({ id, label }) => <li key={id}><svg viewBox="0 0 10 10" aria-hidden="true"><rect className={`timeline-${id}`} width="10" height="10" rx="2" /></svg>{label}</li>)}
    </ul>
  );
}
