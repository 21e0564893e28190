import { useState } from 'react';
import { SlidersHorizontal } from 'lucide-react';
import { Button, TextField } from '../../design';
import { parameterProblems, type Parameters } from './parameters';

export function ParameterFields({ value, onChange }: { value: Parameters; onChange: (value: Parameters) => void }) {
  const [open, setOpen] = useState(false);
  const problems = parameterProblems(value);
  const wrong = Object.keys(problems).length > 0;
  const set = (name: keyof Parameters) => (text: string) => onChange({ ...value, [name]: text });
  const field = (name: keyof Parameters) => ({ value: value[name], onChange: set(name), error: problems[name] });
  return (
    <section className="parameters" aria-label="Parameters" data-open={open || wrong || undefined}>
      <div className="parameters-toggle"><Button kind="ghost" icon={<SlidersHorizontal />} aria-expanded={open} onPress={() => setOpen(!open)}>Parameters</Button></div>
      <div className="parameters-fields stack">
        <TextField label="System prompt" hint="Goes before every question" lines={4} {...field('system')} />
        <div className="parameters-pair">
          <TextField label="Temperature" placeholder="default" mono {...field('temperature')} />
          <TextField label="Top p" placeholder="default" mono {...field('topP')} />
          <TextField label="Most tokens" placeholder="what fits" mono {...field('maxTokens')} />
          <TextField label="Seed" placeholder="random" mono {...field('seed')} />
        </div>
        <TextField label="Stop at" hint="One text to a line" lines={2} mono {...field('stop')} />
        <p className="soft small">The same question with the same seed gets the same answer, on any node.</p>
      </div>
    </section>
  );
}
