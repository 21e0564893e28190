import { useSearchParams } from 'react-router';

/** A dialog whose being open is part of the address: it can be linked to, and Back closes it. */
export function useDialogParameter(name: string): [isOpen: boolean, open: () => void, close: () => void] {
  const [parameters, setParameters] = useSearchParams();
  const change = (open: boolean) => setParameters((now) => {
    const next = new URLSearchParams(now);
    if (open) next.set(name, '');
    else next.delete(name);
    return next;
  }, { replace: !open });
  return [parameters.has(name), () => change(true), () => change(false)];
}
