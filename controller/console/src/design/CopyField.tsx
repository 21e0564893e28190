import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button } from './Button';
import { visible } from './format';
import './CopyField.css';

/** Text that is copied rather than read. `shown` may be shorter than what is copied. */
export function CopyField({ value, shown, label, block = false }: { value: string; shown?: string; label: string; block?: boolean }) {
  const [state, setState] = useState<'idle' | 'copied' | 'failed'>('idle');
  useEffect(() => {
    if (state === 'idle') return undefined;
    const timer = setTimeout(() => setState('idle'), 2000);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = () => {
    // Without TLS and beyond loopback a browser offers no clipboard.
    if (!navigator.clipboard) return setState('failed');
    return navigator.clipboard.writeText(value).then(() => setState('copied'), () => setState('failed'));
  };
  return (
    <span className={block ? 'copy copy-block' : 'copy'}>
      <code className="copy-text" title={shown ? value : undefined} {...(block ? { tabIndex: 0, role: 'region', 'aria-label': label } : {})}>{visible(shown ?? value)}</code>
      <Button kind="ghost" aria-label={`Copy ${label}`} icon={state === 'copied' ? <Check /> : <Copy />} onPress={() => void copy()} />
      <span className={state === 'failed' ? 'copy-note' : 'unseen'} role="status">
        {state === 'copied' ? 'Copied' : state === 'failed' ? 'Select the text and copy it' : ''}
      </span>
    </span>
  );
}
