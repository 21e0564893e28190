import { expect, it } from 'vitest';
import { breather } from '../pages/playground/breathe';
import { EventReader } from './sse';

const read = (...pieces: string[]) => {
  const reader = new EventReader();
  return pieces.flatMap((piece) => reader.push(piece));
};

it('yields an event once it is whole, wherever the network cuts it', () => {
  expect(read('da', 'ta: {"a":', '1}\n', '\ndata: [DONE]\n\n')).toEqual(['{"a":1}', '[DONE]']);
  expect(read('data: x')).toEqual([]);
});

it('takes all kinds of line breaks, joins lines of data, and skips what only keeps the line open', () => {
  expect(read(': keep-alive\n\ndata: a\ndata: b\n\nevent: x\r\ndata:c\r\n\r\n')).toEqual(['a\nb', 'c']);
});

it('makes a pause once work has held up the page for long enough, and not before', async () => {
  const breathe = breather();
  expect(breathe()).toBeUndefined();
  const until = performance.now() + 10;
  while (performance.now() < until);
  const pause = breathe();
  expect(pause).toBeInstanceOf(Promise);
  await pause;
});
