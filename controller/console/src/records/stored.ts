import { useEffect, useState } from 'react';

/** What this browser keeps under a name, read anew when another tab changes it. What has another form is left out. */
export function useStored<T>(key: string, isOne: (value: unknown) => value is T): [readonly T[], (next: readonly T[]) => void] {
  const [list, setList] = useState(() => readList(key, isOne));
  useEffect(() => {
    const read = () => setList(readList(key, isOne));
    const onStorage = (event: StorageEvent) => { if (event.key === key || event.key === null) read(); };
    read();
    addEventListener('storage', onStorage);
    return () => removeEventListener('storage', onStorage);
  }, [key, isOne]);
  const write = (next: readonly T[]) => {
    // Kept first: what could not be written is not shown as if it were.
    localStorage.setItem(key, JSON.stringify(next));
    setList(next);
  };
  return [list, write];
}

export function readList<T>(key: string, isOne: (value: unknown) => value is T): readonly T[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(value) ? value.filter(isOne) : [];
  } catch {
    return [];
  }
}
