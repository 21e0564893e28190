// A certified identity provider for tests, panva's oidc-provider, on loopback: it has a logout of its own, keeps its
// people's sessions, changes its keys, and gives refresh tokens that last as long as its session does.
//   node oidc-provider.mjs FOLDER HOST:PORT REDIRECT_URI POST_LOGOUT_URI
// Its client is `cloister`, whose secret is in FOLDER/secret. Who may sign in, and with which groups, is in
// FOLDER/people.json, which is read whenever somebody is asked for. On SIGHUP it signs with a new key.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import Provider from 'oidc-provider';
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js';
import { interaction, logoutPage, signedOutPage } from './pages.mjs';

const [folder, place, redirectUri, postLogoutUri] = process.argv.slice(2);
const issuer = `http://${place}`;
const read = (name) => readFileSync(join(folder, name), 'utf8');
const groupsOf = (name) => JSON.parse(read('people.json'))[name];
/** All that it knows, but for its keys: stays when these change. */
const store = new Map();
const cookieKeys = [randomBytes(32).toString('hex')];
const keys = [];
let provider;

function changeKeys() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = `key-${keys.length + 1}`;
  // The first one signs. Those of before stay, as at any provider: tokens that they signed are still about.
  keys.unshift({ ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' });
  provider = new Provider(issuer, configuration());
  console.log(`signs with ${kid}`);
}

function configuration() {
  return {
    adapter: (model) => new MemoryAdapter(model, store),
    jwks: { keys },
    cookies: { keys: cookieKeys },
    clients: [{
      client_id: 'cloister', client_secret: read('secret'), redirect_uris: [redirectUri], post_logout_redirect_uris: [postLogoutUri],
      grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
    }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'], groups: ['groups'] },
    // The ID token says all of it, as Cloister wants it.
    conformIdTokenClaims: false,
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: true, logoutSource: logoutPage, postLogoutSuccessSource: signedOutPage },
    },
    findAccount: (_, name) => (groupsOf(name) ? { accountId: name, claims: () => claims(name) } : undefined),
    loadExistingGrant: granted,
    // Without `offline_access`, too; such a token lives no longer than the session it came from.
    issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
  };
}

function claims(name) {
  return { sub: name, name, preferred_username: name, email: `${name}@hospital.example`, email_verified: true, groups: groupsOf(name) };
}

/** Everybody has agreed already. */
async function granted({ oidc }) {
  const { clientId } = oidc.client;
  const known = oidc.session.grantIdFor(clientId);
  if (known) return oidc.provider.Grant.find(known);
  const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope('openid email profile groups');
  await grant.save();
  return grant;
}

changeKeys();
process.on('SIGHUP', changeKeys);
const server = createServer((incoming, outgoing) => {
  if (incoming.url.startsWith('/interaction/')) void interaction(provider, incoming, outgoing, (name) => Boolean(groupsOf(name)));
  else provider.callback()(incoming, outgoing);
});
server.listen(Number(place.split(':')[1]), '127.0.0.1');
