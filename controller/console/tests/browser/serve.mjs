// The built console as the controller will serve it: same paths, same content security policy, the API
// behind it. A session is made up here, for a controller that has none yet.
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

/** Serves on a free port; `session` answers GET /api/v1/session, and 401 stands for nobody. */
export async function serve({ url, key, session }) {
  let isCut = false;
  let partsLeft = Infinity;
  const server = createServer((incoming, outgoing) => {
    if (incoming.method === 'PUT' && partsLeft-- <= 0) isCut = true;
    if (isCut) return incoming.socket.destroy();
    const path = new URL(incoming.url, 'http://console').pathname;
    if (path === '/api/v1/session') return answerSession(outgoing, session());
    if (path === '/api/v1/session/methods') return json(outgoing, 200, { local: true, oidc: [] });
    if (path.startsWith('/api/')) return forward(incoming, outgoing, { url, key });
    return file(outgoing, path);
  });
  const cut = (now) => { isCut = now; partsLeft = Infinity; };
  /** Answers nobody from the part of an upload after so many on. */
  const cutAfter = (parts) => { partsLeft = parts; };
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close(), cut, cutAfter };
}

function json(outgoing, status, body) {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  outgoing.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}

function answerSession(outgoing, session) {
  if (session) return json(outgoing, 200, session);
  return json(outgoing, 401, { type: 'urn:cloister:problem:unauthenticated', title: 'Sign in', status: 401, detail: 'Nobody is signed in.' });
}

function forward(incoming, outgoing, { url, key }) {
  const target = new URL(incoming.url, url);
  const headers = { ...incoming.headers, host: target.host, authorization: `Bearer ${key}` };
  const onward = ask(target, { method: incoming.method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on('error', () => outgoing.writeHead(502, { 'content-type': 'text/plain' }).end('no controller'));
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
