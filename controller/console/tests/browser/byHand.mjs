// Signing in through Dex without a browser, one step after the other: so that a step can be left out, or done twice.

import { emailOf, PASSWORD } from './provider.mjs';

/** An attempt to sign in up to the answer of the provider, which is not delivered. */
export async function attempt(url, issuer, name, next = '/console/') {
  const begun = await step(`${url}/api/v1/session/oidc/${issuer}?next=${encodeURIComponent(next)}`);
  if (begun.status !== 303) throw new Error(`signing in with ${issuer} began with ${begun.status}`);
  const form = await fetch(begun.to);
  const [, action] = /<form method="post" action="([^"]+)"/.exec(await form.text());
  let answer = await step(new URL(action.replaceAll('&amp;', '&'), form.url), { method: 'POST', body: new URLSearchParams({ login: emailOf(name), password: PASSWORD }) });
  while (answer.to && !answer.to.startsWith(url)) answer = await step(answer.to);
  if (!answer.to) throw new Error(`${issuer} did not lead back: ${answer.status}`);
  return { cookies: begun.cookies, callback: answer.to };
}

/** The controller's answer to a provider's. */
export async function deliver(callback, cookies) {
  const { status, to, cookies: set } = await step(callback, { headers: { cookie: cookies.map((cookie) => cookie.split(';')[0]).join('; ') } });
  const place = to ? new URL(to) : undefined;
  return { status, to: place ? place.pathname + place.search : '', origin: place?.origin, session: await sessionOf(callback, set) };
}

/** Whoever is signed in by these cookies, if anybody is. */
async function sessionOf(address, cookies) {
  const cookie = cookies.map((one) => one.split(';')[0]).join('; ');
  const response = await fetch(new URL('/api/v1/session', address), { headers: { cookie } });
  return response.ok ? response.json() : undefined;
}

async function step(address, init = {}) {
  const response = await fetch(address, { redirect: 'manual', ...init });
  const to = response.headers.get('location');
  return { status: response.status, to: to ? new URL(to, address).href : undefined, cookies: response.headers.getSetCookie() };
}
