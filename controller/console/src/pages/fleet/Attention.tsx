import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'react-router';
import { Button, Section } from '../../design';
import { concerns, type FleetView } from './attention';

const SHOWN_FIRST = 6;

/** What needs somebody, before everything else. */
export function Attention({ fleet }: { fleet: FleetView }) {
  const [all, setAll] = useState(false);
  const found = concerns(fleet, new Date());
  const shown = all ? found : found.slice(0, SHOWN_FIRST);
  if (found.length === 0) {
    return <p className="calm"><CircleCheck aria-hidden="true" />Nothing needs attention.</p>;
  }
  return (
    <Section title="Needs attention" note={String(found.length)}>
      <ul className="concerns" aria-live="polite">
        {shown.map(({ id, severity, what, why, to }) => {
          const Icon = severity === 'bad' ? CircleAlert : TriangleAlert;
          return (
            <li key={id} className={`concern concern-${severity}`}>
              <Icon aria-hidden="true" />
              <div className="wrap"><Link to={to}>{what}</Link>{why ? <p className="soft small">{why}</p> : null}</div>
            </li>
          );
        })}
      </ul>
      {found.length > shown.length ? <Button kind="ghost" onPress={() => setAll(true)}>Show all {found.length}</Button> : null}
    </Section>
  );
}
