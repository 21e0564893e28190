import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { client, take } from '../../api/client';
import type { Node } from '../../api/queries';
import { Button, Check, Dialog, DialogActions, Notice, say } from '../../design';
import { Prospects } from './Prospects';

type State = Node['scheduling'];
interface Opened { node: Node; isOpen: boolean; onClose: () => void }

export function CordonNode({ node, isOpen, onClose }: Opened) {
  return (
    <Dialog title={`Cordon ${node.name}`} isOpen={isOpen} onClose={onClose}>
      <Change node={node} state="cordoned" action="Cordon" done={`${node.name} is cordoned`} onClose={onClose}>
        <p>Nothing new is placed on it until it is opened again. What runs there stays:</p>
        <Prospects node={node} change="cordon" />
      </Change>
    </Dialog>
  );
}

export function DrainNode({ node, isOpen, onClose }: Opened) {
  return <Dialog title={`Drain ${node.name}`} isOpen={isOpen} onClose={onClose}><DrainForm node={node} onClose={onClose} /></Dialog>;
}

function DrainForm({ node, onClose }: Omit<Opened, 'isOpen'>) {
  const [force, setForce] = useState(false);
  return (
    <Change node={node} state="draining" force={force} action={force ? 'Drain by force' : 'Drain'} done={`${node.name} is being drained`} onClose={onClose}>
      <p>Nothing new is placed on it. Each replica goes once another serves in its place and its own requests have ended:</p>
      <Prospects node={node} change="drain" force={force} />
      <Check isSelected={force} onChange={setForce}>Also end what no other node can take</Check>
      {force ? <Notice tone="warn">Callers of a deployment that loses its last replica are turned away until a node can take one.</Notice> : null}
    </Change>
  );
}

export function OpenNode({ node, isOpen, onClose }: Opened) {
  return (
    <Dialog title={`Open ${node.name} again`} isOpen={isOpen} onClose={onClose}>
      <Change node={node} state="open" action="Open again" done={`${node.name} takes replicas again`} onClose={onClose}>
        <p>It takes replicas from now on. What was waiting for a node may come at once; what has left does not come back by itself.</p>
      </Change>
    </Dialog>
  );
}

interface ChangeProps { node: Node; state: State; force?: boolean; action: string; done: string; onClose: () => void; children: ReactNode }

/** What will happen, and the button that makes it so. */
function Change({ node, state, force = false, action, done, onClose, children }: ChangeProps) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: () => take(client.PUT('/api/v1/nodes/{node}/scheduling', { params: { path: { node: node.id } }, body: { state, force } })),
    onSuccess: async ({ record_id: record }) => {
      await queries.invalidateQueries();
      onClose();
      say(record ? `${done}. Record ${record}` : done);
    },
  });
  return (
    <div className="stack">
      {children}
      {change.error ? <Notice tone="bad">{change.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind={force ? 'danger' : 'primary'} isPending={change.isPending} onPress={() => change.mutate()}>{action}</Button>
      </DialogActions>
    </div>
  );
}
