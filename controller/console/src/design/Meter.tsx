import { Meter as AriaMeter } from 'react-aria-components';
import './Meter.css';

/** How much of something is used, in words and as a bar. */
export function Meter({ label, used, total, text, warnAt = 0.9 }: { label: string; used: number; total: number; text: string; warnAt?: number }) {
  const share = total > 0 ? Math.min(1, used / total) : 0;
  return (
    <AriaMeter className="meter" aria-label={label} value={share * 100} valueLabel={text}>
      <span className="meter-track"><span className={share >= warnAt ? 'meter-fill meter-high' : 'meter-fill'} style={{ width: `${share * 100}%` }} /></span>
      <span className="meter-text">{text}</span>
    </AriaMeter>
  );
}
