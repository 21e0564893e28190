// Text that would do harm if a page took it for more than text, and how one sees whether a page did.

const MARKUP = '<img class="planted" src="x" onerror="window.ran=1"><script class="planted">window.ran=1</script>'
  + '<a class="planted" href="javascript:window.ran=1">x</a><svg class="planted" onload="window.ran=1"></svg>';
/** What a header can carry. */
export const ASCII = `"'>${MARKUP}{{7*7}}\${7*7}`;
/** With marks that reorder, hide or ring. */
export const HOSTILE = `\u202e"'>${MARKUP}[x](javascript:window.ran=1)\u2066\u0007\u001b[31m\u061c\u200b\u2028`;

/** Fields of the API that hold somebody's text. Ids, times and states steer the console and stay. */
const TEXT = new Set([
  'name', 'account_name', 'model_name', 'node_name', 'signer_name', 'client', 'address', 'region', 'cpu', 'isa', 'agent_version',
  'architecture', 'license', 'quantization', 'weights_file', 'detail', 'title', 'error', 'fleet', 'version', 'deployment', 'reason',
]);
const LISTS = new Set(['reasons', 'models', 'policies']);
const MAPS = new Set(['labels', 'node_selector', 'tensor_types', 'change', 'params']);

/** The answer of a controller that lies, or that lets in more than today's: every text in it is hostile. */
export function poisoned(value, key = '') {
  if (Array.isArray(value)) return value.map((one) => (LISTS.has(key) && typeof one === 'string' ? one + HOSTILE : poisoned(one, key)));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([name, inner]) => (MAPS.has(key) && typeof inner === 'string' ? [name + HOSTILE, inner + HOSTILE] : [name, poisoned(inner, name)]));
    return Object.fromEntries(MAPS.has(key) ? [...entries, [`planted${HOSTILE}`, HOSTILE]] : entries);
  }
  if (typeof value !== 'string') return value;
  if (key === 'leaf_json') return JSON.stringify(poisoned(JSON.parse(value)));
  return TEXT.has(key) ? value + HOSTILE : value;
}

/** What of it a page took for more than text; nothing, if all is well. Runs in the page. */
export function found() {
  const bad = [];
  if (globalThis.ran) bad.push('a script ran');
  const marks = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u061c\u200b\u200e\u200f\u202a-\u202e\u2028\u2066-\u2069]/;
  for (const element of document.querySelectorAll('.planted, a[href^="javascript:" i]')) bad.push(`became an element: ${element.outerHTML.slice(0, 80)}`);
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const texts = node.nodeType === Node.TEXT_NODE ? [node.data] : ['title', 'aria-label', 'alt', 'placeholder'].map((name) => node.getAttribute(name) ?? '');
    const inField = node.parentElement?.closest('textarea, option');
    const place = (node.parentElement ?? node).closest?.('[class]')?.className;
    for (const text of texts) if (!inField && marks.test(text)) bad.push(`obeyed marks in .${place}: ${JSON.stringify(text.slice(0, 60))}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) bad.push(`the page is ${document.documentElement.scrollWidth - innerWidth} px wider than the window`);
  return { bad: [...new Set(bad)], shown: document.body.innerText.split('class="planted" src').length - 1 };
}
