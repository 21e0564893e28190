import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client } from '../../api/client';
import { imports, type Import } from '../../api/queries';
import { Badge, Button, formatBytes, Meter, say, Section, Time, type Tone } from '../../design';
import { ImportRefusal } from './Refusal';
import { sourceText } from './source';

const TONES: Record<Import['phase'], Tone> = {
  queued: 'none', fetching: 'busy', verifying: 'busy', importing: 'busy', done: 'ok', refused: 'bad', failed: 'bad', cancelled: 'off', unknown: 'none',
};
const SHOWN_FIRST = 5;

/** Imports from sources that this controller remembers. Nothing is shown while there are none. */
export function Imports() {
  const found = useQuery(imports).data ?? [];
  const [all, setAll] = useState(false);
  if (found.length === 0) return null;
  const shown = all ? found : found.slice(0, SHOWN_FIRST);
  return (
    <Section title="Imports from sources" note="since the controller started">
      <ul>{shown.map((one) => <OneImport key={one.id} of={one} />)}</ul>
      {found.length > shown.length ? <Button kind="ghost" onPress={() => setAll(true)}>Show all {found.length}</Button> : null}
    </Section>
  );
}

function OneImport({ of }: { of: Import }) {
  const queries = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => client.DELETE('/api/v1/imports/{import_id}', { params: { path: { import_id: of.id } } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['imports'] }),
    onError: (error) => say(error.message),
  });
  const running = of.ended_at == null;
  return (
    <li className="import">
      <div className="import-line">
        <strong className="wrap">{of.name}</strong><Badge tone={TONES[of.phase]}>{of.phase}</Badge>
        <code className="soft wrap import-source">{sourceText(of.source)}</code>
        <span className="soft small"><Time at={of.ended_at ?? of.created_at} /></span>
        {running ? <Button kind="ghost" onPress={() => cancel.mutate()} isPending={cancel.isPending}>Cancel</Button> : null}
      </div>
      {running && of.bytes_total != null ? <Meter label={`Fetched of ${of.name}`} used={of.bytes_done} total={of.bytes_total} text={`${formatBytes(of.bytes_done)} of ${formatBytes(of.bytes_total)}`} warnAt={2} /> : null}
      <ImportRefusal of={of} />
    </li>
  );
}
