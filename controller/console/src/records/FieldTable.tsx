import { visible } from '../design';
import { fieldsOf, type Leaf } from './leaf';

/** All that a record says, in the order in which it says it. */
export function FieldTable({ leaf }: { leaf: Leaf }) {
  return (
    <table className="fields" aria-label="Every field of the record">
      <tbody>
        {fieldsOf(leaf).map(([path, text]) => <tr key={path}><th scope="row"><code>{visible(path)}</code></th><td className="wrap"><code>{visible(text)}</code></td></tr>)}
      </tbody>
    </table>
  );
}
