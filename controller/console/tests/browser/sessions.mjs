// People for the pictures: accounts of the fleet that is looked at, made with an admin key where they are missing.

export const everything = { name: 'a.weber', roles: ['fleet-admin'] };
export const auditor = { name: 'm.okafor', roles: ['auditor'] };
export const developer = { name: 'j.lindqvist', roles: ['developer'] };
export const nobody = undefined;
const people = [everything, auditor, developer];

/** Signs somebody in by a login link, as a browser would; the cookie to go on with. */
export async function signIn({ url, key }, { name }) {
  const api = async (method, path, body) => {
    const headers = { 'content-type': 'application/json', ...(path === '/api/v1/session' ? {} : { authorization: `Bearer ${key}` }) };
    const response = await fetch(url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const { accounts } = await (await api('GET', '/api/v1/accounts')).json();
  for (const person of people) {
    if (!accounts.some((account) => account.name === person.name)) await api('POST', '/api/v1/accounts', person);
  }
  const { token } = await (await api('POST', `/api/v1/accounts/${name}/login-link`)).json();
  const [cookie] = (await api('POST', '/api/v1/session', { method: 'link', token })).headers.getSetCookie();
  const [, cookieName, value] = /^([^=]+)=([^;]*)/.exec(cookie);
  return { name: cookieName, value };
}
