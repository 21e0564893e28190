import { Pencil, Trash2 } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { Link } from 'react-router';
import { useSession } from '../../api/session';
import { Button, say, TextField, visible } from '../../design';
import type { RecordFilter } from '../../records/queries';
import { useStored } from '../../records/stored';
import { filterIn, inWords, isSavedQuery, queryNameProblem, renamed, storedAs, withQuery, without, type SavedQuery } from './savedQueries';

/** Filters that whoever is signed in comes back to; they stay in this browser. */
export function SavedQueries({ filter }: { filter: RecordFilter }) {
  const { account } = useSession();
  const [list, write] = useStored(storedAs(account.id), isSavedQuery);
  const [renaming, setRenaming] = useState<string>();
  const rename = (from: string, to: string) => {
    write(renamed(list, from, to));
    setRenaming(undefined);
  };
  const remove = (name: string) => {
    write(without(list, name));
    say(`The query “${visible(name)}” is deleted.`);
  };
  return (
    <div className="stack">
      <SaveForm list={list} filter={filter} onSave={(name) => write(withQuery(list, name, filter))} />
      {list.length === 0 ? <p className="soft">None is saved yet. They stay in this browser, for your account alone.</p> : null}
      <ul className="queries" aria-label="Saved queries">
        {list.map((query) => (
          <li key={query.name} className="query">
            {renaming === query.name
              ? <RenameForm list={list} query={query} onRename={rename} onCancel={() => setRenaming(undefined)} />
              : <Shown query={query} onRename={() => setRenaming(query.name)} onRemove={() => remove(query.name)} />}
          </li>
        ))}
      </ul>
    </div>
  );
}

function SaveForm({ list, filter, onSave }: { list: readonly SavedQuery[]; filter: RecordFilter; onSave: (name: string) => void }) {
  const [name, setName] = useState('');
  const [tried, setTried] = useState(false);
  const problem = queryNameProblem(list, name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(Boolean(problem));
    if (problem) return;
    onSave(name);
    setName('');
  };
  return (
    <form className="query-form" onSubmit={submit}>
      <TextField label="Save the present filter as" hint={visible(inWords(filter))} value={name} onChange={setName} error={tried ? problem : undefined} autoFocus />
      <Button kind="primary" type="submit">Save query</Button>
    </form>
  );
}

function RenameForm({ list, query, onRename, onCancel }: { list: readonly SavedQuery[]; query: SavedQuery; onRename: (from: string, to: string) => void; onCancel: () => void }) {
  const [name, setName] = useState(query.name);
  const problem = queryNameProblem(list, name, query.name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!problem) onRename(query.name, name);
  };
  return (
    <form className="query-form" onSubmit={submit}>
      <TextField label="New name" value={name} onChange={setName} error={problem} autoFocus />
      <span className="row"><Button onPress={onCancel}>Cancel</Button><Button kind="primary" type="submit">Rename</Button></span>
    </form>
  );
}

function Shown({ query, onRename, onRemove }: { query: SavedQuery; onRename: () => void; onRemove: () => void }) {
  const name = visible(query.name);
  return (
    <>
      <span className="query-name wrap"><Link to={`/audit?${query.address}`}>{name}</Link><span className="soft small">{visible(inWords(filterIn(query)))}</span></span>
      <span className="row">
        <Button kind="ghost" aria-label={`Rename ${name}`} icon={<Pencil />} onPress={onRename} />
        <Button kind="ghost" aria-label={`Delete ${name}`} icon={<Trash2 />} onPress={onRemove} />
      </span>
    </>
  );
}
