import { describe, expect, it } from 'vitest';
import { fileProblem, isOf, nextChunk, sent, standing } from './plan';

const upload = { files: [
  { name: 'w.gguf', size_bytes: 20, received_bytes: 20 }, { name: 't.json', size_bytes: 10, received_bytes: 4 }, { name: 'm.sig', size_bytes: 3, received_bytes: 0 },
] };

describe('going on with an upload', () => {
  it('begins where the first incomplete file stands', () => {
    expect(nextChunk(upload, 4)).toEqual({ name: 't.json', offset: 4, end: 8 });
  });
  it('ends a chunk with its file', () => expect(nextChunk(upload, 100)).toEqual({ name: 't.json', offset: 4, end: 10 }));
  it('ends when all is there', () => {
    const all = standing(standing(upload, 't.json', 10), 'm.sig', 3);
    expect(nextChunk(all, 4)).toBeUndefined();
    expect(sent(all)).toEqual({ done: 33, total: 33 });
  });
  it('takes only the same names and sizes for the same files', () => {
    const files = [{ name: 'm.sig', size: 3 }, { name: 'w.gguf', size: 20 }, { name: 't.json', size: 10 }];
    expect(isOf(upload, files)).toBe(true);
    expect(isOf(upload, files.slice(1))).toBe(false);
    expect(isOf(upload, [...files.slice(1), { name: 'm.sig', size: 4 }])).toBe(false);
  });
});

describe('files that cannot be a signed model', () => {
  const bundle = { name: 'model.sig', size: 10 };
  const weights = { name: 'w.gguf', size: 10 };
  it.each([
    ['no signature', [weights], /no file ends in .sig/],
    ['two signatures', [bundle, { name: 'b.sig', size: 1 }, weights], /2 signature bundles/],
    ['nothing signed', [bundle], /nothing that it could have signed/],
    ['a name with a slash', [bundle, { name: 'a/b', size: 1 }], /cannot be a file/],
    ['markup in a name', [bundle, { name: '<img src=x>', size: 1 }], /cannot be a file/],
    ['an empty file', [bundle, { name: 'w.gguf', size: 0 }], /is empty/],
  ])('%s', (_, files, said) => expect(fileProblem(files)).toMatch(said));
  it('lets a signed model through', () => expect(fileProblem([bundle, weights])).toBeUndefined());
});
