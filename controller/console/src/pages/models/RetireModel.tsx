import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { client, take } from '../../api/client';
import type { ModelDetail } from '../../api/queries';
import { ConfirmByName, say, TextField } from '../../design';

/** The longest that the controller takes, in characters. */
const REASON_MOST = 200;

export function RetireModel({ model, isOpen, onClose }: { model: ModelDetail; isOpen: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const [because, setBecause] = useState('');
  const { name, deployments } = model;
  const tooLong = [...because.trim()].length > REASON_MOST ? `At most ${REASON_MOST} characters` : undefined;
  const retire = useMutation({
    mutationFn: () => take(client.POST('/api/v1/models/{model}/retire', { params: { path: { model: name } }, body: because.trim() ? { because: because.trim() } : {} })),
    onSuccess: async ({ record_id: record }) => {
      await queries.invalidateQueries();
      onClose();
      say(record ? `${name} is retired. Record ${record}` : `${name} was retired already`);
    },
  });
  return (
    <ConfirmByName title={`Retire ${name}`} name={name} action="Retire model" isOpen={isOpen} isPending={retire.isPending} error={retire.error} onConfirm={() => { if (!tooLong) retire.mutate(); }} onClose={onClose}>
      <p>No deployment may choose it any more. It stays in the fleet, and can be approved again.</p>
      {deployments.length === 0
        ? <p>No deployment uses it.</p>
        : <div><p>Nothing is taken down: these go on with it, and may only be scaled down or removed.</p><ul className="bullets">{deployments.map((user) => <li key={user} className="wrap">{user}</li>)}</ul></div>}
      <TextField label="Why (optional)" hint="Shown to whoever wants to deploy it. The log keeps its digest, not its text" value={because} onChange={setBecause} error={tooLong} />
    </ConfirmByName>
  );
}
