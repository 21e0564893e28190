import type { ModelDetail } from '../../api/queries';
import { formatBytes, formatCount } from '../../design';

const WIDTH = 640;
const HEIGHT = 150;

/** Weights below, KV cache on top, up to the longest context. A straight line: read at four points. */
export function MemoryByContext({ facts }: { facts: ModelDetail['facts'] }) {
  const { weights_bytes: weights, kv_bytes_per_token: perToken, context_length: longest } = facts;
  const most = weights + perToken * longest;
  if (most === 0 || longest === 0) return null;
  const y = (bytes: number) => HEIGHT - (bytes / most) * HEIGHT;
  const points = [1, 2, 3, 4].map((quarter) => Math.round((longest * quarter) / 4));
  return (
    <figure className="memory-chart">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path className="memory-kv" d={`M0 ${y(weights)} L${WIDTH} 0 V${y(weights)} Z`} />
        <path className="memory-weights" d={`M0 ${HEIGHT} V${y(weights)} H${WIDTH} V${HEIGHT} Z`} />
        {[1, 2, 3].map((quarter) => <line key={quarter} className="memory-grid" x1={(WIDTH * quarter) / 4} x2={(WIDTH * quarter) / 4} y1="0" y2={HEIGHT} />)}
      </svg>
      <div className="table-scroll">
        <table className="table" aria-label="Memory at four context lengths">
          <thead><tr><th scope="col">Context</th>{points.map((tokens) => <th key={tokens} scope="col" className="table-end">{formatCount(tokens)}</th>)}</tr></thead>
          <tbody>
            <tr><td><span className="key memory-key-weights" />Weights</td>{points.map((tokens) => <td key={tokens} className="table-end">{formatBytes(weights)}</td>)}</tr>
            <tr><td><span className="key memory-key-kv" />KV cache</td>{points.map((tokens) => <td key={tokens} className="table-end">{formatBytes(perToken * tokens)}</td>)}</tr>
          </tbody>
        </table>
      </div>
    </figure>
  );
}
