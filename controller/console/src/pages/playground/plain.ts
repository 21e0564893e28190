/** An answer keeps its lines and tabs; other control characters, and marks that reorder text, are shown. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (mark) =>
    mark === '\r' ? '' : `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
