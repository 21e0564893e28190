import { ChevronRight } from 'lucide-react';
import { useEffect, type ReactNode } from 'react';
import { Link } from 'react-router';
import './Page.css';

/** The head of a page: where one is, what it is, what can be done with it. */
export function PageHead({ title, parent, note, actions }: { title: string; parent?: { title: string; to: string }; note?: ReactNode; actions?: ReactNode }) {
  useEffect(() => { document.title = `${title} · Cloister`; }, [title]);
  return (
    <header className="page-head">
      <div className="page-title">
        {parent ? <nav aria-label="Breadcrumb" className="crumb"><Link to={parent.to}>{parent.title}</Link><ChevronRight aria-hidden="true" /></nav> : null}
        <h1 className="wrap">{title}</h1>
        {note}
      </div>
      {actions ? <div className="row">{actions}</div> : null}
    </header>
  );
}

export function Section({ title, note, actions, children }: { title: string; note?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="section" aria-label={title}>
      <header className="section-head">
        <h2>{title}</h2>
        {note ? <span className="soft small">{note}</span> : null}
        {actions ? <div className="section-actions row">{actions}</div> : null}
      </header>
      {children}
    </section>
  );
}

/** Names and their values. An absent value is left out, not shown as a dash. */
export function Facts({ of }: { of: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {of.filter(([, value]) => value !== undefined && value !== null && value !== '').map(([name, value]) => (
        <div key={name} className="fact"><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  );
}
