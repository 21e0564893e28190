import { Link } from 'react-router';
import { exactTime, Facts } from '../design';
import { readLeaf } from './leaf';
import type { StoredRecord } from './queries';
import { changes, details, sentence } from './tell';
import './records.css';

/** One record in sentences. */
export function RecordTold({ record }: { record: StoredRecord }) {
  const leaf = readLeaf(record.leaf_json);
  const changed = changes(leaf);
  return (
    <div className="told">
      <p className="told-first wrap">{sentence(record.kind, leaf)}, on {exactTime(new Date(record.time))}.</p>
      <ul className="told-rest">{details(leaf).map((text) => <li key={text} className="wrap">{text}</li>)}</ul>
      {changed.length > 0 ? <Facts of={changed} /> : null}
    </div>
  );
}

/** A record as one of two: a link to it, and what it says. */
export function HalfOfPair({ title, record }: { title: string; record: StoredRecord }) {
  return (
    <li className="half">
      <p className="small"><Link to={`/audit/${encodeURIComponent(record.id)}`}>{title}: record {record.seq.toLocaleString('en')}</Link></p>
      <RecordTold record={record} />
    </li>
  );
}
