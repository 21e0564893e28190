import { useQuery } from '@tanstack/react-query';
import { Check, Trash2 } from 'lucide-react';
import { Link, useParams } from 'react-router';
import { model as read, type ModelDetail } from '../../api/queries';
import { useMay } from '../../api/session';
import { Badge, Button, Bytes, CopyField, DataTable, EmptyState, ErrorState, Facts, formatCount, formatShort, Notice, PageHead, Section, Skeleton, Time, useDialogParameter, visible, type Column } from '../../design';
import { ApprovalBadge } from '../../fleet/approval';
import { ApprovalActions, ApprovalNotice, approvedBy } from './Approval';
import { MemoryByContext } from './MemoryByContext';
import { RemoveModel } from './RemoveModel';

const parent = { title: 'Models', to: '/models' };
type ModelFile = ModelDetail['files'][number];

const files: Column<ModelFile>[] = [
  { id: 'name', title: 'File', sort: ({ name }) => name, cell: ({ name }) => <code className="wrap">{name}</code> },
  { id: 'size', title: 'Size', align: 'end', sort: (file) => file.size_bytes, cell: (file) => <Bytes value={file.size_bytes} /> },
  { id: 'sha256', title: 'SHA-256', wideOnly: true, cell: (file) => <CopyField value={file.sha256} shown={`${file.sha256.slice(0, 24)}…`} label={`the SHA-256 of ${file.name}`} /> },
];

export function ModelPage() {
  const { name = '' } = useParams();
  const query = useQuery(read(name));
  if (query.data) return <Detail model={query.data} />;
  return (
    <>
      <PageHead title={visible(name)} parent={parent} />
      {query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={8} />}
    </>
  );
}

function Detail({ model }: { model: ModelDetail }) {
  const mayRemove = useMay()('model.remove');
  const [removing, openRemove, closeRemove] = useDialogParameter('remove');
  const actions = <><ApprovalActions model={model} />{mayRemove ? <Button kind="danger" icon={<Trash2 />} onPress={openRemove}>Remove</Button> : null}</>;
  const badges = <><ApprovalBadge of={model} /><Badge tone={model.trusted ? 'ok' : 'bad'}>{model.trusted ? 'trusted' : 'signer not trusted'}</Badge></>;
  return (
    <>
      <PageHead title={model.name} parent={parent} actions={actions} note={badges} />
      <ApprovalNotice model={model} />
      {model.trusted ? null : <Notice tone="bad">Its signer was revoked, or no policy admits that signer for this name any more. It is not placed, and its replicas are drained.</Notice>}
      <Section title="Provenance"><Provenance model={model} /></Section>
      <Section title="Checks that it passed at import">
        <ol className="checks">{model.checks.map((check) => <li key={check} className="check-passed"><Check role="img" aria-label="passed" /><span>{check}</span></li>)}</ol>
      </Section>
      <Section title="Memory against context length" note="of one replica that decodes one sequence; scratch not counted"><MemoryByContext facts={model.facts} /></Section>
      <Section title="Weights" note={model.facts.weights_file}><Weights model={model} /></Section>
      <Section title="Files" note={`${model.files.length}, all covered by the signature`}><DataTable label="Files" rows={model.files} columns={files} rowKey={(file) => file.name} /></Section>
      <RemoveModel model={model} isOpen={removing && mayRemove} onClose={closeRemove} />
    </>
  );
}

function Provenance({ model }: { model: ModelDetail }) {
  return (
    <Facts of={[
      ['Model digest', <CopyField key="digest" value={model.digest} label="the model digest" />],
      ['Signer', model.signer_name],
      ['Signer’s key', <CopyField key="key" value={model.signer_key_id} label="the signer’s key id" />],
      ['Licence', model.license ?? 'not stated in the file'],
      ['Approved', approvedBy(model)],
      ['Imported', <Time key="imported" at={model.imported_at} exact />],
      ['Deployments', model.deployments.length === 0 ? 'none' : model.deployments.map((name, at) => <span key={name}>{at > 0 ? ', ' : ''}<Link to={`/deployments/${encodeURIComponent(name)}`}>{name}</Link></span>)],
    ]} />
  );
}

function Weights({ model: { facts, size_bytes: size } }: { model: ModelDetail }) {
  const types = Object.entries(facts.tensor_types).map(([type, count]) => `${count} ${type}`).join(', ');
  if (!facts.weights_file) return <EmptyState title="The header was not read" />;
  return (
    <Facts of={[
      ['Architecture', `${facts.architecture}, ${facts.quantization}`],
      ['Parameters', <span key="parameters" title={formatCount(facts.parameters)}>{formatShort(facts.parameters)}</span>],
      ['Context', `${formatCount(facts.context_length)} tokens`],
      ['Layers', facts.layers],
      ['Embedding', facts.embedding_length],
      ['Attention heads', `${facts.attention_heads}, of keys and values ${facts.attention_heads_kv}`],
      ['Vocabulary', `${formatCount(facts.vocabulary)} tokens`],
      ['Tensors', types],
      ['On disk', <Bytes key="disk" value={size} />],
      ['Loaded', <Bytes key="loaded" value={facts.weights_bytes} />],
      ['KV cache', <span key="kv"><Bytes value={facts.kv_bytes_per_token} /> per token</span>],
      ['Chat template', facts.chat_template ? 'in the file' : 'none'],
    ]} />
  );
}
