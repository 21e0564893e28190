import { Menu as MenuMark, Search } from 'lucide-react';
import { NavLink, useNavigate } from 'react-router';
import { useMay } from '../api/session';
import { Button, Menu, type MenuChoice } from '../design';
import { pages } from '../pages';
import { Account } from './Account';
import { Mark } from './Mark';
import { expectView } from './views';

export function Navigation({ onSearch, onShortcuts }: { onSearch: () => void; onShortcuts: () => void }) {
  const may = useMay();
  const allowed = pages.filter(({ action }) => may(action));
  return (
    <header className="nav">
      <NavLink className="nav-brand" to="/" aria-label="Cloister, to the first page"><Mark /><span>Cloister</span></NavLink>
      <NarrowMenu pages={allowed} />
      <button type="button" className="nav-search" onClick={onSearch}>
        <Search aria-hidden="true" /><span>Search or run</span><kbd>{shortcutName()}</kbd>
      </button>
      <nav className="nav-pages" aria-label="Pages">
        <ul>{allowed.map((page) => <NavItem key={page.path} page={page} />)}</ul>
      </nav>
      <div className="nav-foot"><Account onShortcuts={onShortcuts} /></div>
    </header>
  );
}

export const shortcutName = (): string => (navigator.userAgent.includes('Mac') ? '⌘K' : 'Ctrl K');

function NavItem({ page }: { page: (typeof pages)[number] }) {
  const Icon = page.icon;
  return (
    <li>
      <NavLink to={page.path} end={page.path === '/'} className="nav-item" onPointerEnter={() => expectView(page)} onFocus={() => expectView(page)}>
        <Icon aria-hidden="true" /><span>{page.title}</span>
      </NavLink>
    </li>
  );
}

/** The pages where there is no room for a column of them. */
function NarrowMenu({ pages: shown }: { pages: typeof pages }) {
  const navigate = useNavigate();
  const choices = shown.map((page): MenuChoice => {
    const Icon = page.icon;
    return { id: page.path, label: page.title, icon: <Icon aria-hidden="true" />, onAction: () => void navigate(page.path) };
  });
  return (
    <div className="nav-narrow">
      <Menu label="Pages" choices={choices}><Button kind="ghost" aria-label="Pages" icon={<MenuMark />} /></Menu>
    </div>
  );
}
