import { useQuery } from '@tanstack/react-query';
import { Section, Skeleton } from '../../design';
import { closing, record, type StoredRecord } from '../../records/queries';
import type { Leaf } from '../../records/leaf';
import { HalfOfPair } from '../../records/RecordTold';

/** The other half of an inference: its request, or what closed it. */
export function Pair({ record: shown, leaf }: { record: StoredRecord; leaf: Leaf }) {
  if (leaf.intent) return <Request id={leaf.intent} />;
  return shown.kind === 'inference.requested' ? <Closing request={shown} /> : null;
}

function Request({ id }: { id: string }) {
  const query = useQuery(record(id));
  return (
    <Section title="It closes this request">
      {query.data ? <ol className="pair"><HalfOfPair title="Before it was asked" record={query.data} /></ol>
        : query.error ? <p className="soft">{query.error.message}</p> : <Skeleton rows={2} />}
    </Section>
  );
}

function Closing({ request }: { request: StoredRecord }) {
  const query = useQuery(closing(request));
  return (
    <Section title="It is closed by">
      {query.data ? <ol className="pair"><HalfOfPair title="When it ended" record={query.data} /></ol>
        : query.error ? <p className="soft">{query.error.message}</p>
          : query.data === null ? <p className="soft section-body">Nothing yet. It may be running.</p> : <Skeleton rows={2} />}
    </Section>
  );
}
