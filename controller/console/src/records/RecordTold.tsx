import { CopyField, Facts, Time } from '../design';
import { details, sentence } from './tell';
import { parseLeaf } from './leaf';
import type { StoredRecord } from './queries';
import './records.css';

/** One record in sentences. */
export function RecordTold({ record }: { record: StoredRecord }) {
  const leaf = parseLeaf(record.leaf_json);
  if (!leaf) return <p>This record cannot be read here. Its text stands below as it is stored.</p>;
  return (
    <div className="told">
      <p className="told-first wrap">{sentence(leaf)}</p>
      <ul className="told-rest">{details(leaf).map((text) => <li key={text} className="wrap">{text}</li>)}</ul>
    </div>
  );
}

/** What is copied from a record, or compared by eye. */
export function RecordMarks({ record }: { record: StoredRecord }) {
  const leaf = parseLeaf(record.leaf_json);
  const digest = leaf?.inference?.model_digest;
  return (
    <Facts of={[
      ['Record', <CopyField key="id" value={record.id} label="the record’s id" />],
      ['Place in the log', record.seq],
      ['Time', <Time key="time" at={record.time} exact />],
      ['Model digest', digest ? <CopyField key="digest" value={digest} shown={`${digest.slice(0, 19)}…`} label="the model’s digest" /> : undefined],
    ]} />
  );
}
