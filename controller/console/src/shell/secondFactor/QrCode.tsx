import encodeQR from 'qr';
import { outline } from './squares';

/** Squares that are white around it, as ISO/IEC 18004 asks for. */
const QUIET = 4;

/** One path, and no style of its own: the content security policy allows none. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const rows = encodeQR(text, 'raw', { border: QUIET, ecc: 'medium' });
  return (
    <svg className="qr" role="img" aria-label={label} viewBox={`0 0 ${rows.length} ${rows.length}`} shapeRendering="crispEdges">
      <path d={outline(rows)} />
    </svg>
  );
}
