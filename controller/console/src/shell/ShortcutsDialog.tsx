import { useMay } from '../api/session';
import { Dialog } from '../design';
import { pages } from '../pages';
import { shortcutName } from './Navigation';

export function ShortcutsDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const may = useMay();
  const rows = [
    [`${shortcutName()} or /`, 'Search or run a command'],
    ...pages.filter(({ action }) => may(action)).map((page) => [`g then ${page.key}`, `Go to ${page.title}`]),
    ['↑ ↓', 'From row to row, once one is focused'],
    ['Esc', 'Close what is open'],
    ['?', 'These shortcuts'],
  ];
  return (
    <Dialog title="Keyboard shortcuts" isOpen={isOpen} onClose={onClose} dismissable>
      <table className="table">
        <tbody>{rows.map(([keys, what]) => <tr key={keys}><td><kbd className="mono">{keys}</kbd></td><td>{what}</td></tr>)}</tbody>
      </table>
    </Dialog>
  );
}
