import { useMutation } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useMay, useSession } from '../../api/session';
import { Button, DeniedState, formatBytes, Notice, say, Section } from '../../design';
import { saveFile } from '../../records/evidence';
import { fetchDiagnostics } from './fetchDiagnostics';

/** A file for whoever looks into a fault, who may be somebody outside. */
export function Diagnostics() {
  const may = useMay()('diagnostics.read');
  const { account } = useSession();
  return <Section title="Diagnostics" note="for whoever looks into a fault">{may ? <Save /> : <DeniedState action="diagnostics.read" who={account.name} />}</Section>;
}

function Save() {
  const save = useMutation({
    mutationFn: fetchDiagnostics,
    onSuccess: ({ content, name }) => {
      saveFile(content, name);
      say(`${name} is saved, ${formatBytes(content.size)}.`);
    },
  });
  return (
    <div className="diagnostics">
      <p className="soft small">One file with versions, the configuration, nodes, models, deployments and replicas; without secrets, accounts or any text of a question or an answer.</p>
      <Button icon={<Download />} isPending={save.isPending} onPress={() => { if (!save.isPending) save.mutate(); }}>Download diagnostics</Button>
      <p className="soft small" role="status">{save.isPending ? 'The controller puts the file together.' : null}</p>
      {save.error ? <Notice tone="bad">{save.error.message}</Notice> : null}
    </div>
  );
}
