import { useMutation, useQueryClient } from '@tanstack/react-query';
import { CircleCheck, CircleMinus } from 'lucide-react';
import { client, take } from '../../api/client';
import type { ModelDetail } from '../../api/queries';
import { useMay } from '../../api/session';
import { Button, Dialog, DialogActions, Notice, say, Time, useDialogParameter } from '../../design';
import { RetireModel } from './RetireModel';

/** Approve or retire, whichever its state and the rights of whoever looks allow. */
export function ApprovalActions({ model }: { model: ModelDetail }) {
  const may = useMay();
  const [approving, openApprove, closeApprove] = useDialogParameter('approve');
  const [retiring, openRetire, closeRetire] = useDialogParameter('retire');
  const mayApprove = may('model.approve') && model.approval !== 'approved';
  const mayRetire = may('model.retire') && model.approval !== 'retired';
  return (
    <>
      {mayApprove ? <Button kind="primary" icon={<CircleCheck />} onPress={openApprove}>{model.approval === 'retired' ? 'Approve again' : 'Approve'}</Button> : null}
      {mayRetire ? <Button icon={<CircleMinus />} onPress={openRetire}>Retire</Button> : null}
      <ApproveModel model={model} isOpen={approving && mayApprove} onClose={closeApprove} />
      <RetireModel model={model} isOpen={retiring && mayRetire} onClose={closeRetire} />
    </>
  );
}

function ApproveModel({ model, isOpen, onClose }: { model: ModelDetail; isOpen: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const { name } = model;
  const approve = useMutation({
    mutationFn: () => take(client.POST('/api/v1/models/{model}/approve', { params: { path: { model: name } } })),
    onSuccess: async ({ record_id: record }) => {
      await queries.invalidateQueries();
      onClose();
      say(record ? `${name} is approved. Record ${record}` : `${name} was approved already`);
    },
  });
  return (
    <Dialog title={`Approve ${name}`} isOpen={isOpen} onClose={onClose}>
      <div className="stack">
        <p>From now on it may be deployed. You are on record for it, with its digest.</p>
        <p className="soft wrap">{model.signer_name} signed it. The digest is <code className="wrap">{model.digest}</code></p>
        {model.trusted ? null : <Notice tone="warn">Its signer is not trusted for this name now. It is not placed before that changes.</Notice>}
        {approve.error ? <Notice tone="bad">{approve.error.message}</Notice> : null}
        <DialogActions>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" isPending={approve.isPending} onPress={() => { if (!approve.isPending) approve.mutate(); }}>Approve model</Button>
        </DialogActions>
      </div>
    </Dialog>
  );
}

/** What holds a model back from being deployed. */
export function ApprovalNotice({ model }: { model: ModelDetail }) {
  const mayApprove = useMay()('model.approve');
  if (model.approval === 'waiting') {
    return <Notice tone="warn">It waits for approval and cannot be deployed yet. {mayApprove ? 'You may approve it.' : 'A fleet admin or a model approver must approve it.'}</Notice>;
  }
  if (model.approval !== 'retired') return null;
  const because = model.retired_because ? <> The reason given: “{model.retired_because}”.</> : null;
  const users = model.deployments.length > 0 ? ' The deployments that have it go on, and may be scaled down.' : '';
  return <Notice>{model.retired_by ?? 'Somebody'} retired it{model.retired_at ? <> <Time at={model.retired_at} /></> : null}: no deployment may choose it any more.{users}{because}</Notice>;
}

/** Who approved it, and when. */
export function approvedBy(model: ModelDetail) {
  if (model.approval === 'waiting') return 'not yet';
  if (!model.approved_by) return 'before models were approved';
  return <>{model.approved_by}{model.approved_at ? <>, <Time at={model.approved_at} exact /></> : null}</>;
}
