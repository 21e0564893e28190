// The built console as the controller serves it: same paths, same content security policy, the controller's API
// behind it. So it can be looked at without building the controller anew, and its connection can be cut.
import { createServer, request as ask } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const POLICY = [
  "default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'", "img-src 'self' data:",
  "font-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'",
].join('; ');
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.wasm': 'application/wasm' };

/** Serves on a free port. */
export async function serve({ url }) {
  let isCut = false;
  let partsLeft = Infinity;
  let stand;
  const server = createServer((incoming, outgoing) => {
    if (incoming.method === 'PUT' && partsLeft-- <= 0) isCut = true;
    if (isCut) return incoming.socket.destroy();
    const path = new URL(incoming.url, 'http://console').pathname;
    if (stand?.path === path) return stand.answer(incoming, outgoing);
    if (path.startsWith('/api/') || path.startsWith('/v1/')) return forward(incoming, outgoing, url);
    return file(outgoing, path);
  });
  const cut = (now) => {
    isCut = now;
    partsLeft = Infinity;
    // Streams that are open are cut, too.
    if (now) server.closeAllConnections();
  };
  /** Answers nobody from the part of an upload after so many on. */
  const cutAfter = (parts) => { partsLeft = parts; };
  /** Answers calls of one path in the controller's stead; those of none, if none is given. */
  const instead = (path, answer) => { stand = path && { path, answer }; };
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close(), cut, cutAfter, instead };
}

function forward(incoming, outgoing, url) {
  const target = new URL(incoming.url, url);
  const headers = { ...incoming.headers, host: target.host };
  const onward = ask(target, { method: incoming.method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.writeHead(502, { 'content-type': 'text/plain' }).end('no controller'));
  // Whoever stops reading an answer stops it being written.
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
}

function file(outgoing, path) {
  const name = normalize(path.replace(/^\/console\//, ''));
  const wanted = join(DIST, name);
  // Addresses of pages are not files: the console itself finds out what they mean.
  const found = name !== '.' && !name.startsWith('..') && extname(name) && existsSync(wanted) ? wanted : join(DIST, 'index.html');
  outgoing.writeHead(200, { 'content-type': TYPES[extname(found)] ?? 'application/octet-stream', 'content-security-policy': POLICY });
  outgoing.end(readFileSync(found));
}
