import { X } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { Button, exactTime, Select, TextField, visible } from '../../design';
import { KINDS } from '../../records/kinds';
import type { RecordFilter } from '../../records/queries';
import { addressOf, fromLocalTime, localTime, partsOf, RANGES } from './filter';

interface FiltersProps {
  filter: RecordFilter;
  onChange: (filter: RecordFilter) => void;
}

/** What the list and the timeline are narrowed to. Typed text counts once it is applied. */
export function Filters({ filter, onChange }: FiltersProps) {
  const { before_seq: _, ...rest } = filter;
  return (
    <search aria-label="Filter records">
      <Form key={addressOf(rest).toString()} filter={rest} onChange={onChange} />
      <Chips filter={rest} onChange={onChange} />
    </search>
  );
}

function Form({ filter, onChange }: FiltersProps) {
  const { actor = '', model = '', node = '', subject = '', from, to } = filter;
  const [typed, setTyped] = useState({ actor, model, node, subject, from: localTime(from), to: localTime(to) });
  const type = (name: keyof typeof typed) => (text: string) => setTyped((now) => ({ ...now, [name]: text }));
  const wrongOrder = typed.from !== '' && typed.to !== '' && typed.from >= typed.to ? 'Later than “From”' : undefined;
  const apply = (event: FormEvent) => {
    event.preventDefault();
    if (!wrongOrder) onChange(narrowed(filter, typed));
  };
  return (
    <form onSubmit={apply}>
      <div className="filters">
        <KindFilter filter={filter} onChange={onChange} />
        <TextField label="Who" placeholder="account, API key, node" value={typed.actor} onChange={type('actor')} mono />
        <TextField label="Model" placeholder="name or digest" value={typed.model} onChange={type('model')} mono />
        <TextField label="Node" placeholder="name or id" value={typed.node} onChange={type('node')} mono />
        <TextField label="Subject" placeholder="id of what it is about" value={typed.subject} onChange={type('subject')} mono />
        <TextField label="From" type="datetime-local" value={typed.from} onChange={type('from')} />
        <TextField label="To" type="datetime-local" value={typed.to} onChange={type('to')} error={wrongOrder} />
      </div>
      <div className="filters-end">
        <Ranges filter={filter} onChange={onChange} />
        <Button kind="primary" type="submit">Apply</Button>
      </div>
    </form>
  );
}

type Typed = Record<'actor' | 'model' | 'node' | 'subject' | 'from' | 'to', string>;

function narrowed(filter: RecordFilter, { from, to, ...texts }: Typed): RecordFilter {
  const begin = fromLocalTime(from);
  const end = fromLocalTime(to);
  const set = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.trim()] as const).filter(([, text]) => text));
  const last = filter.last && !begin && !end ? { last: filter.last } : {};
  return { ...(filter.kind ? { kind: filter.kind } : {}), ...set, ...(begin ? { from: begin } : {}), ...(end ? { to: end } : {}), ...last };
}

function KindFilter({ filter, onChange }: FiltersProps) {
  const { kind, ...rest } = filter;
  const kinds = kind && !KINDS.includes(kind) ? [kind, ...KINDS] : KINDS;
  const choose = (value: string) => onChange(value === 'every' ? rest : { ...rest, kind: value });
  return <Select label="Kind" value={kind ?? 'every'} onChange={choose} options={[{ id: 'every', label: 'Every kind' }, ...kinds.map((id) => ({ id, label: id }))]} />;
}

function Ranges({ filter, onChange }: FiltersProps) {
  const { from: _, to: __, last, ...timeless } = filter;
  return (
    <div className="ranges" role="group" aria-label="Time">
      {RANGES.map(({ id, label }) => <Button key={id} kind={last === id ? 'primary' : 'plain'} aria-pressed={last === id} onPress={() => onChange(last === id ? timeless : { ...timeless, last: id })}>{label}</Button>)}
    </div>
  );
}

/** The filters that are set; each can be taken off. */
function Chips({ filter, onChange }: FiltersProps) {
  const parts = partsOf(filter, (at) => exactTime(new Date(at)));
  if (parts.length === 0) return null;
  return (
    <ul className="chips" aria-label="Filters that are set">
      {parts.map(({ id, label, value, without }) => (
        <li key={id}><Button icon={<X />} aria-label={`Remove the filter ${label}: ${visible(value)}`} onPress={() => onChange(without)}>{label}: {visible(value)}</Button></li>
      ))}
      {parts.length > 1 ? <li><Button kind="ghost" onPress={() => onChange({})}>Clear all</Button></li> : null}
    </ul>
  );
}
