import { Bot, CircleUserRound, KeyRound, Server, UserRoundX } from 'lucide-react';
import { Link } from 'react-router';
import { Badge, exactTime, useClock, relativeTime } from '../../design';
import { readLeaf } from '../../records/leaf';
import type { StoredRecord } from '../../records/queries';
import { sentence } from '../../records/tell';
import { byDay } from './days';

/** Records as they came, newest first, under their days. */
export function RecordsByDay({ records }: { records: readonly StoredRecord[] }) {
  return (
    <div className="by-day">
      {byDay(records).map(({ day, rows }) => (
        <section key={day} aria-label={day}>
          <h2 className="day">{day}</h2>
          <ol>{rows.map((record) => <Entry key={record.id} record={record} />)}</ol>
        </section>
      ))}
    </div>
  );
}

const WHO = { account: CircleUserRound, api_key: KeyRound, node: Server, anonymous: UserRoundX } as const;

function Entry({ record }: { record: StoredRecord }) {
  const leaf = readLeaf(record.leaf_json);
  const Icon = WHO[(leaf.actor?.kind ?? '') as keyof typeof WHO] ?? Bot;
  const unusual = leaf.outcome === 'failure' || leaf.outcome === 'denied' ? leaf.outcome : undefined;
  return (
    <li className="entry">
      <ClockTime at={record.time} />
      <Icon className="entry-who" aria-hidden="true" />
      <span className="entry-what wrap"><Link to={`/audit/${encodeURIComponent(record.id)}`}>{sentence(record.kind, leaf)}</Link></span>
      {unusual ? <Badge tone={unusual === 'denied' ? 'warn' : 'bad'}>{unusual}</Badge> : null}
      <code className="entry-kind soft">{record.kind}</code>
      <span className="entry-seq soft" title="Place in the log">{record.seq.toLocaleString('en')}</span>
    </li>
  );
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** The day stands above; how long ago it was, and the zone, on hover. */
function ClockTime({ at }: { at: string }) {
  const date = new Date(at);
  const relative = useClock((now) => relativeTime(date, now));
  const known = !Number.isNaN(date.getTime());
  return <time className="entry-time soft" dateTime={at} title={`${relative}, ${exactTime(date)} (${at})`}>{known ? clock.format(date) : at}</time>;
}
