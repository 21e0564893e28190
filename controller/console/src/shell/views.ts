import { lazy, useMemo, type ComponentType } from 'react';
import type { Page } from './page';

const fetched = new Map<Page, ComponentType>();

/** Fetches what a page shows: best before somebody goes there. React keeps a skeleton, once shown, for 300 ms. */
export async function fetchView(page: Page): Promise<{ default: ComponentType }> {
  const view = await page.load();
  fetched.set(page, view.default);
  return view;
}

/** Somebody may be about to go there. What fails now is told when they do. */
export const expectView = (page: Page): void => void fetchView(page).catch(() => undefined);

export function useView(page: Page): ComponentType {
  return useMemo(() => fetched.get(page) ?? lazy(() => fetchView(page)), [page]);
}
