import type { Deployment, Replica } from '../../api/queries';
import { Badge } from '../../design';
import { conditions } from './standing';

export function Conditions({ deployment, replicas }: { deployment: Deployment; replicas: readonly Replica[] }) {
  return (
    <dl className="conditions">
      {conditions(deployment, replicas).map(({ name, tone, word, sentence }) => (
        <div key={name} className="condition">
          <dt>{name}</dt>
          <dd><Badge tone={tone}>{word}</Badge><span className="soft small">{sentence}</span></dd>
        </div>
      ))}
    </dl>
  );
}
