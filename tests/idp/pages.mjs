// What oidc-provider shows to people: where they sign in, and where they sign out.

const PASSWORD = 'seven quiet otters';
const FORM_MOST_BYTES = 4096;

const page = (title, body) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${body}</html>`;

const form = (problem) => page('Sign in to the hospital', `<p role="alert">${problem}</p><form method="post">
<label>Name <input name="name" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button>Sign in</button></form>`);

/** Asks for name and password; with the right ones the provider goes on. */
export async function interaction(provider, incoming, outgoing, isKnown) {
  try {
    await provider.interactionDetails(incoming, outgoing);
    const answered = incoming.method === 'POST' ? await read(incoming) : undefined;
    const [name, password] = [answered?.get('name'), answered?.get('password')];
    if (isKnown(name) && password === PASSWORD) return await provider.interactionFinished(incoming, outgoing, { login: { accountId: name } });
    show(outgoing, 200, form(answered ? 'Name or password is wrong.' : ''));
  } catch (error) {
    console.error(error);
    show(outgoing, 400, page('This did not work', ''));
  }
}

/** `asked` is the library's form; the buttons belong to it. */
export function logoutPage(ctx, asked) {
  ctx.body = page('Sign out of the hospital?', `${asked}<button form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>
<button form="op.logoutForm">No, stay signed in</button>`);
}

/** Where nobody is to be led back to. */
export function signedOutPage(ctx) {
  ctx.body = page('Signed out of the hospital', '');
}

async function read(incoming) {
  let text = '';
  for await (const part of incoming) {
    text += part;
    if (text.length > FORM_MOST_BYTES) throw new Error('the form is too long');
  }
  return new URLSearchParams(text);
}

function show(outgoing, status, html) {
  outgoing.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(html);
}
