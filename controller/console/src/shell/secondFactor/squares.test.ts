// @vitest-environment node
import encodeQR from 'qr';
import decodeQR from 'qr/decode.js';
import { expect, it } from 'vitest';
import { outline } from './squares';

it('draws dark squares that follow each other as one', () => {
  expect(outline([[false, true, true], [true, false, true]])).toBe('M1 0h2v1h-2zM0 1h1v1h-1zM2 1h1v1h-1z');
  expect(outline([[false], []])).toBe('');
});

it('draws what a reader reads again', () => {
  const text = 'otpauth://totp/Cloister%20fleet:m.okafor?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Cloister%20fleet';
  const rows = encodeQR(text, 'raw', { border: 4, ecc: 'medium' });
  const [size, scale] = [rows.length, 4];
  const [width, height] = [size * scale, size * scale];
  const data = new Uint8Array(width * height * 4).fill(255);
  for (const [x = 0, y = 0, length = 0] of [...outline(rows).matchAll(/M(\d+) (\d+)h(\d+)/g)].map((found) => found.slice(1).map(Number))) {
    for (let at = 0; at < length * scale * scale; at += 1) {
      const [column, row] = [x * scale + (at % (length * scale)), y * scale + Math.floor(at / (length * scale))];
      data.fill(0, (row * width + column) * 4, (row * width + column) * 4 + 3);
    }
  }
  expect(decodeQR({ width, height, data })).toBe(text);
});
