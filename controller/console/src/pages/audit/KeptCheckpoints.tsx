import { useMutation, useQuery } from '@tanstack/react-query';
import { BookmarkPlus, Download, ShieldCheck, Trash2, Upload } from 'lucide-react';
import { useState } from 'react';
import { FileTrigger } from 'react-aria-components';
import { useMay } from '../../api/session';
import { Button, DataTable, ErrorState, Notice, say, Section, Time, type Column } from '../../design';
import { saveFile } from '../../records/evidence';
import { checkpointFile, isKept, KEPT_AS, noteIn, sizeOf, withNotes, type KeptCheckpoint } from '../../records/keptCheckpoints';
import { checkpoint } from '../../records/queries';
import { useStored } from '../../records/stored';
import { pinnedKey } from '../../verifier/pinnedKey';
import { PinKey } from '../../verifier/PinKey';
import { verifySince } from '../../verifier/since';
import { SinceTold } from './SinceTold';

/** A checkpoint is some hundred bytes. */
const FILE_MOST = 10_000;

/** Checkpoints in the reader's hands: what a later log is held against. */
export function KeptCheckpoints() {
  const [list, write] = useStored(KEPT_AS, isKept);
  const [unread, setUnread] = useState<string[]>([]);
  const newest = useQuery(checkpoint).data?.checkpoint;
  const take = async (files: FileList | null) => {
    const read = await Promise.all([...(files ?? [])].map(async (file) => ({ name: file.name, note: file.size > FILE_MOST ? undefined : noteIn(await file.text()) })));
    setUnread(read.filter(({ note }) => note === undefined).map(({ name }) => name));
    write(withNotes(list, read.flatMap(({ note }) => note ?? []), new Date()));
  };
  const keep = (note: string) => {
    write(withNotes(list, [note], new Date()));
    say('The checkpoint is kept in this browser.');
  };
  const actions = (
    <>
      <FileTrigger allowsMultiple acceptedFileTypes={['.txt', 'text/plain']} onSelect={(files) => void take(files)}><Button icon={<Upload />}>Take from files</Button></FileTrigger>
      <Button icon={<BookmarkPlus />} isDisabled={!newest} onPress={() => { if (newest) keep(newest); }}>Keep the newest</Button>
    </>
  );
  return (
    <Section title="Checkpoints that you kept" note="in this browser" actions={actions}>
      {unread.length > 0 ? <Notice tone="bad">No checkpoint: {unread.join(', ')}</Notice> : null}
      {list.length === 0
        ? <p className="soft small section-body">None yet. Keep one now and then, and save it as a file somewhere else: with it you can show later that nothing before it was changed.</p>
        : <Kept list={list} onRemove={(gone) => write(list.filter((kept) => kept !== gone))} />}
    </Section>
  );
}

/** The list, and what the last check came to. */
function Kept({ list, onRemove }: { list: readonly KeptCheckpoint[]; onRemove: (kept: KeptCheckpoint) => void }) {
  const mayCheck = useMay()('audit.export');
  const [isPinning, setPinning] = useState<KeptCheckpoint>();
  const check = useMutation({ mutationFn: (kept: KeptCheckpoint) => verifySince(kept.note, pinnedKey()) });
  const begin = (kept: KeptCheckpoint) => {
    if (check.isPending) return;
    setPinning(pinnedKey() ? undefined : kept);
    if (pinnedKey()) check.mutate(kept);
  };
  const checked = check.variables && list.includes(check.variables) ? check.variables : undefined;
  return (
    <>
      <DataTable label="Checkpoints that you kept" rows={list} rowKey={({ note }) => note} columns={columns({ onRemove, pending: check.isPending ? checked : undefined, ...(mayCheck ? { onCheck: begin } : {}) })} />
      {isPinning ? <div className="section-body"><PinKey onPinned={() => begin(isPinning)} /></div> : null}
      <div role="status" className="verifier-stack section-body">{check.data && checked ? <SinceTold kept={checked} result={check.data} /> : null}</div>
      {check.error && checked ? <ErrorState error={check.error} onRetry={() => begin(checked)} /> : null}
    </>
  );
}

function columns({ onCheck, onRemove, pending }: { onCheck?: (kept: KeptCheckpoint) => void; onRemove: (kept: KeptCheckpoint) => void; pending: KeptCheckpoint | undefined }): Column<KeptCheckpoint>[] {
  const of = (kept: KeptCheckpoint) => `the checkpoint of ${sizeOf(kept).toLocaleString('en')} records`;
  return [
    { id: 'size', title: 'Records', sort: sizeOf, cell: (kept) => sizeOf(kept).toLocaleString('en') },
    { id: 'kept', title: 'Kept', sort: ({ keptAt }) => keptAt, cell: ({ keptAt }) => <Time at={keptAt} /> },
    {
      id: 'actions', title: 'Actions', align: 'end', cell: (kept) => (
        <span className="row kept-actions">
          {onCheck ? <Button icon={<ShieldCheck />} isPending={kept === pending} onPress={() => onCheck(kept)}>Check<span className="unseen"> that nothing before {of(kept)} was changed</span></Button> : null}
          <Button kind="ghost" aria-label={`Save ${of(kept)} as a file`} icon={<Download />} onPress={() => saveFile(new Blob([kept.note], { type: 'text/plain' }), checkpointFile(kept))} />
          <Button kind="ghost" aria-label={`Remove ${of(kept)}`} icon={<Trash2 />} onPress={() => onRemove(kept)} />
        </span>
      ),
    },
  ];
}
