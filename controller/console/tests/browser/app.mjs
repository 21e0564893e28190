// An authenticator app (TOTP, RFC 6238), written from the text of the RFC: codes from a secret and the time.
import { createHmac } from 'node:crypto';
import decodeQR from 'qr/decode.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30_000;

function bytesOf(base32) {
  const bits = [...base32].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
}

/** What it shows now, or so many steps from now: a clock that is a step ahead is accepted. */
export function codeOf(secret, stepsAhead = 0) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / STEP_MS) + stepsAhead));
  const hash = createHmac('sha1', bytesOf(secret)).update(counter).digest();
  const offset = hash[19] & 15;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** One that it shows at no time about now. */
export function wrongCodeOf(secret) {
  const near = Array.from({ length: 10 }, (_, step) => codeOf(secret, step - 1));
  return ['000000', '111111', '222222', '333333', '444444', '555555', '666666', '777777', '888888', '999999', '123456'].find((code) => !near.includes(code));
}

/** What its camera reads from the QR code on a page. */
export async function scan(page) {
  const { squares, size } = await page.locator('svg.qr').evaluate((svg) => ({ squares: svg.querySelector('path').getAttribute('d'), size: svg.viewBox.baseVal.width }));
  const scale = 4;
  const [width, height] = [size * scale, size * scale];
  const data = new Uint8Array(width * height * 4).fill(255);
  for (const [, x, y, length] of [...squares.matchAll(/M(\d+) (\d+)h(\d+)/g)].map((found) => found.map(Number))) {
    for (let row = y * scale; row < (y + 1) * scale; row += 1) {
      for (let column = x * scale; column < (x + length) * scale; column += 1) data.fill(0, (row * width + column) * 4, (row * width + column) * 4 + 3);
    }
  }
  return decodeQR({ width, height, data });
}
