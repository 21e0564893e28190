import { CircleAlert, Info, Lock, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from './Button';
import './states.css';

/** Grey bars where rows will be; of the same height, so that nothing moves when they come. */
export function Skeleton({ rows = 3, label = 'Loading' }: { rows?: number; label?: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => <span key={row} className="skeleton-row" />)}
    </div>
  );
}

export function EmptyState({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="state">
      <p className="state-title">{title}</p>
      {children ? <div className="soft">{children}</div> : null}
      {action ? <div className="row">{action}</div> : null}
    </div>
  );
}

export function ErrorState({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  return (
    <div className="state state-bad" role="alert">
      <p className="state-title"><CircleAlert aria-hidden="true" />{error.name === 'Problem' ? 'The controller said no' : 'This could not be read'}</p>
      <p className="wrap">{error.message}</p>
      {onRetry ? <Button onPress={onRetry}>Try again</Button> : null}
    </div>
  );
}

export function DeniedState({ action, who }: { action: string; who: string }) {
  return (
    <div className="state">
      <p className="state-title"><Lock aria-hidden="true" />Not for this account</p>
      <p className="soft">{who} does not have the right <code>{action}</code>. A fleet admin can give a role that has it.</p>
    </div>
  );
}

const NOTICE_MARKS = { info: Info, warn: TriangleAlert, bad: CircleAlert } as const;

/** A sentence that belongs to what stands around it. */
export function Notice({ tone = 'info', children }: { tone?: 'info' | 'warn' | 'bad'; children: ReactNode }) {
  const Mark = NOTICE_MARKS[tone];
  return (
    <div className={`notice notice-${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Mark aria-hidden="true" /><div className="wrap">{children}</div>
    </div>
  );
}
