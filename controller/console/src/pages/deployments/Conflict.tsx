import { Button, DialogActions, Notice } from '../../design';
import { differences, type Draft } from './intent';

export interface ConflictProps {
  before: Draft;
  theirs: Draft;
  yours: Draft;
  revision: number;
  /** Goes on editing from theirs, with your changes on top. */
  onMerge: () => void;
  /** Goes on editing from theirs. */
  onTheirs: () => void;
}

/** Somebody else saved first. Both versions, and nothing is saved until one says so. */
export function Conflict({ before, theirs, yours, revision, onMerge, onTheirs }: ConflictProps) {
  const found = differences(before, theirs, yours);
  return (
    <div className="stack">
      <Notice tone="warn">Somebody else changed this deployment while you were editing. It is at revision {revision} now; nothing of yours was saved.</Notice>
      <div className="table-scroll">
        <table className="table conflict" aria-label="Both versions">
          <thead><tr><th scope="col">Field</th><th scope="col">Before</th><th scope="col">Now</th><th scope="col">Yours</th></tr></thead>
          <tbody>
            {found.map((row) => (
              <tr key={row.field} data-clash={row.clash || undefined}>
                <th scope="row">{row.field}{row.clash ? <span className="conflict-clash"> both changed it</span> : null}</th>
                <td>{row.before || 'empty'}</td>
                <td className={row.theirs === row.before ? '' : 'conflict-changed'}>{row.theirs || 'empty'}</td>
                <td className={row.yours === row.before ? '' : 'conflict-changed'}>{row.yours || 'empty'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="soft small">Either way you see the form again before anything is saved.</p>
      <DialogActions>
        <Button onPress={onTheirs}>Drop my changes</Button>
        <Button kind="primary" onPress={onMerge}>Put my changes on top</Button>
      </DialogActions>
    </div>
  );
}
