import type { LucideIcon } from 'lucide-react';
import type { ComponentType } from 'react';

/** What the shell needs to know of a page before the page is loaded. */
export interface Page {
  /** Its first part; what lies below is the page's own. */
  path: string;
  title: string;
  icon: LucideIcon;
  /** The right without which it is not shown. */
  action: string;
  /** After `g`: the key that leads here. */
  key: string;
  /** Further commands of the palette. Each is an address, so that it can also be a link. */
  commands?: readonly { title: string; to: string; action: string }[];
  /** Where those begin who may not see the first page. */
  isHome?: boolean;
  load: () => Promise<{ default: ComponentType }>;
}
