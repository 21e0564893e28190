import { useMutation } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useMay } from '../api/session';
import { Button, CopyField, Notice, say } from '../design';
import { fileName, saveEvidence } from './evidence';

/** A button that saves the evidence of these records; the export is itself put on record. */
export function SaveEvidence({ ids, label }: { ids: readonly string[]; label: string }) {
  const may = useMay();
  const save = useMutation({
    mutationFn: () => saveEvidence(ids),
    onSuccess: () => say(`${fileName(ids)} is saved. The export is on record.`),
  });
  if (!may('audit.export') || ids.length === 0) return null;
  return (
    <>
      <Button icon={<Download />} isPending={save.isPending} onPress={() => { if (!save.isPending) save.mutate(); }}>{label}</Button>
      {save.error ? <Notice tone="bad">{save.error.message}</Notice> : null}
    </>
  );
}

/** How somebody checks the file without this console, and without this controller. */
export function CheckOffline({ ids }: { ids: readonly string[] }) {
  return (
    <div className="stack-close">
      <p className="soft small">Check it on another machine, with the log’s public key that you were given earlier (<code>audit.vkey</code>):</p>
      <CopyField block value={`cloister-audit verify ${fileName(ids)} --key audit.vkey`} label="the command that checks the file" />
    </div>
  );
}
