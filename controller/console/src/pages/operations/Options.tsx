import { useState } from 'react';
import type { Option } from '../../configuration/queries';
import { Button, DataTable, EmptyState, Section, TextField, type Column } from '../../design';
import { chosen, ordered, sourceName, valueOf } from './shownOptions';

const columns: Column<Option>[] = [
  { id: 'name', title: 'Option', width: '44%', cell: ({ name, help }) => <><code className="nowrap">{name}</code><p className="soft wrap">{help.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</p></> },
  { id: 'value', title: 'Value', width: '38%', cell: (option) => <Value of={option} /> },
  { id: 'source', title: 'Comes from', cell: ({ source }) => sourceName(source) },
];

/** What the controller was started with: what somebody set at once, the rest on demand. */
export function Options({ of: options }: { of: readonly Option[] }) {
  const [word, setWord] = useState('');
  const [withDefaults, setWithDefaults] = useState(false);
  const shown = chosen(ordered(options), word, withDefaults);
  const defaults = options.filter(({ source }) => source === 'default').length;
  const turn = defaults === 0 ? null : (
    <Button onPress={() => setWithDefaults(!withDefaults)}>{withDefaults ? 'Hide options at their default' : `Show the ${defaults} at their default`}</Button>
  );
  return (
    <Section title="Configuration in force" note="a change takes effect when the controller starts again" actions={turn}>
      <div className="options-filter" role="search" aria-label="Filter options"><TextField label="Filter" hint="A word of the name, the value or the explanation" value={word} onChange={setWord} /></div>
      {shown.length > 0
        ? <DataTable label="Configuration in force" rows={shown} columns={columns} rowKey={({ name }) => name} />
        : word.trim()
          ? <EmptyState title="No such option" action={<Button onPress={() => setWord('')}>Show all</Button>} />
          : <EmptyState title="Every option is at its default" />}
    </Section>
  );
}

function Value({ of: option }: { of: Option }) {
  const { text, isValue } = valueOf(option);
  return isValue ? <code className="wrap">{text}</code> : <span className="soft">{text}</span>;
}
