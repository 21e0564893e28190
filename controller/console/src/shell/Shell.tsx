import { Suspense, useEffect, useRef, useState } from 'react';
import { RouterProvider } from 'react-aria-components';
import { Navigate, useHref, useLocation, useNavigate, useRoutes } from 'react-router';
import { useMay, useSessionState } from '../api/session';
import { DeniedState, EmptyState, PageHead, Skeleton, Toasts } from '../design';
import { pages } from '../pages';
import { CommandPalette } from './CommandPalette';
import { ConnectionBanner } from './ConnectionBanner';
import { Guard } from './Guard';
import { Navigation } from './Navigation';
import type { Page } from './page';
import { ShortcutsDialog } from './ShortcutsDialog';
import { useShortcuts } from './shortcuts';
import { useView } from './views';
import './Shell.css';

export function Shell() {
  const navigate = useNavigate();
  const [open, setOpen] = useState<'palette' | 'shortcuts' | undefined>();
  const close = () => setOpen(undefined);
  useShortcuts({ palette: () => setOpen('palette'), shortcuts: () => setOpen('shortcuts'), go: (path) => void navigate(path) });
  return (
    <RouterProvider navigate={(to) => void navigate(to)} useHref={useHref}>
      <a className="skip" href="#content">Skip to the content</a>
      <Navigation onSearch={() => setOpen('palette')} onShortcuts={() => setOpen('shortcuts')} />
      <ConnectionBanner />
      <Content />
      <CommandPalette isOpen={open === 'palette'} onClose={close} />
      <ShortcutsDialog isOpen={open === 'shortcuts'} onClose={close} />
      <Toasts />
    </RouterProvider>
  );
}

function Content() {
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const shown = useRef(pathname);
  useEffect(() => {
    // A reader of the screen starts anew where the page changed; the first page is read anyway.
    if (shown.current === pathname) return;
    shown.current = pathname;
    main.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, [pathname]);
  return (
    <main id="content" className="content" ref={main} tabIndex={-1}>
      <Addressed />
    </main>
  );
}

/** Some addresses match nothing, not even a pattern for the rest: one with a line break in it, say. */
function Addressed() {
  const route = (page: Page) => ({ path: page.path === '/' ? '/' : `${page.path}/*`, element: <PageView page={page} /> });
  return useRoutes(pages.map(route)) ?? <Missing />;
}

function PageView({ page }: { page: Page }) {
  const may = useMay();
  const state = useSessionState();
  const View = useView(page);
  if (!may(page.action)) {
    // Nobody chose the first page: whoever may not see it lands on the page for such, or the first that they may.
    const permitted = page.path === '/' ? pages.filter(({ action }) => may(action)) : [];
    const other = permitted.find(({ isHome }) => isHome) ?? permitted[0];
    if (other) return <Navigate to={other.path} replace />;
    const who = state.phase === 'signed-in' ? state.session.account.name : 'Nobody';
    return <><PageHead title={page.title} /><DeniedState action={page.action} who={who} /></>;
  }
  return (
    <Guard key={page.path}>
      <Suspense fallback={<Skeleton rows={8} />}><View /></Suspense>
    </Guard>
  );
}

function Missing() {
  return <><PageHead title="No such page" /><EmptyState title="There is nothing at this address">The navigation lists what there is.</EmptyState></>;
}
