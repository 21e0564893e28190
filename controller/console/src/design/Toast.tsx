import { X } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { Button } from './Button';
import './Toast.css';

interface Message { id: number; text: string }

// Said by whatever just succeeded, from anywhere; shown and read out in one place.
let messages: readonly Message[] = [];
let next = 0;
const listeners = new Set<() => void>();
const SHOWN_MS = 6000;

function set(changed: readonly Message[]): void {
  messages = changed;
  for (const listener of listeners) listener();
}

const drop = (id: number): void => set(messages.filter((message) => message.id !== id));

export function say(text: string): void {
  const id = next++;
  set([...messages.slice(-2), { id, text }]);
  setTimeout(() => drop(id), SHOWN_MS);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => messages);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((message) => (
        <div key={message.id} className="toast">
          <span className="wrap">{message.text}</span>
          <Button kind="ghost" aria-label="Dismiss" icon={<X />} onPress={() => drop(message.id)} />
        </div>
      ))}
    </div>
  );
}
