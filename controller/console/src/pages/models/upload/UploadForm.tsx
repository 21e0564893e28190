import { FolderOpen } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { FileTrigger } from 'react-aria-components';
import { Button, DialogActions, formatBytes, Notice, TextField } from '../../../design';
import { nameProblem } from '../name';
import { start, useJob } from './job';
import { fileProblem } from './plan';

export function UploadForm({ onClose }: { onClose: () => void }) {
  const running = useJob();
  const [name, setName] = useState('');
  const [files, setFiles] = useState<File[]>([]);
  const busy = running !== undefined && running.phase !== 'done' && running.phase !== 'failed';
  const problem = files.length > 0 ? fileProblem(files) : undefined;
  const wrongName = name ? nameProblem(name) : undefined;
  const ready = name !== '' && !wrongName && files.length > 0 && !problem && !busy;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!ready) return;
    void start(name, files);
    onClose();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <TextField label="Name in the fleet" value={name} onChange={setName} error={wrongName} mono autoFocus />
      <div className="row">
        {/* Files that begin with a dot are the folder's own business, not the model's. */}
        <FileTrigger acceptDirectory onSelect={(list) => setFiles([...(list ?? [])].filter(isDirectly))}>
          <Button icon={<FolderOpen />}>Choose the model’s folder</Button>
        </FileTrigger>
        <span className="soft small">with its signature bundle in it</span>
      </div>
      {files.length > 0 ? <FileList files={files} /> : null}
      {problem ? <Notice tone="bad">{problem}</Notice> : null}
      {busy ? <Notice>One upload is under way. Wait for it, or cancel it.</Notice> : null}
      <p className="soft small">If it breaks off, choose the same folder again: it goes on where it stopped.</p>
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isDisabled={!ready}>Upload and verify</Button>
      </DialogActions>
    </form>
  );
}

/** Whether a file lies in the chosen folder itself. */
function isDirectly(file: File): boolean {
  return !file.name.startsWith('.') && file.webkitRelativePath.split('/').length <= 2;
}

function FileList({ files }: { files: readonly File[] }) {
  return (
    <ul className="files" aria-label="Chosen files">
      {files.map(({ name, size }) => <li key={name}><code className="wrap">{name}</code><span className="soft nowrap">{formatBytes(size)}</span></li>)}
    </ul>
  );
}
