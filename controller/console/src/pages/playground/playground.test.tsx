import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import { openConsole } from '../../testing/console';
import { controller, problem, session, type Answers } from '../../testing/controller';

const deployment = { id: 'ward', max_model_len: 2048, cloister: { model_name: 'smollm2', model_digest: 'sha256:00', ready_replicas: 1 } };
const base: Answers = {
  'GET /api/v1/session': { body: session(['inference.ask']) },
  'GET /v1/models': { body: { object: 'list', data: [deployment] } },
};
const chunk = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
const end = 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2},"cloister":{"completion_record":"R2"}}\n\ndata: [DONE]\n\n';
const stream = { headers: { 'content-type': 'text/event-stream', 'x-cloister-record': 'R1' } };

beforeEach(() => localStorage.clear());

const ask = async (question: string) => {
  openConsole('/playground');
  await userEvent.type(await screen.findByLabelText('Your question'), `${question}{Enter}`);
};

it('shows markup in an answer as text', async () => {
  const answer = '<img src=x onerror="globalThis.hit=1"><script>hit=1</script>\u202e';
  controller({ ...base, 'POST /v1/chat/completions': { ...stream, raw: chunk(answer) + end } });
  await ask('<b>who</b>');
  await screen.findByText('<img src=x onerror="globalThis.hit=1"><script>hit=1</script>\\u202e');
  screen.getByText('<b>who</b>');
  expect(document.querySelector('img, script, b')).toBeNull();
});

it('tells a refusal where it was asked, and keeps the question', async () => {
  controller({ ...base, 'POST /v1/chat/completions': { status: 503, body: { error: { message: 'no replica of ward is ready' } } } });
  await ask('Anybody?');
  expect((await screen.findByRole('alert')).textContent).toContain('no replica of ward is ready');
  await waitFor(() => expect(screen.getByLabelText<HTMLTextAreaElement>('Your question').value).toBe('Anybody?'));
});

it('closes the request when it is stopped, and keeps what was said', async () => {
  let signal: AbortSignal | undefined;
  const raw = new ReadableStream<Uint8Array>({
    start(out) {
      out.enqueue(new TextEncoder().encode(chunk('Once upon')));
      // As a browser does: a body that is aborted fails.
      const watch = setInterval(() => { if (signal?.aborted) { clearInterval(watch); out.error(new DOMException('stopped', 'AbortError')); } }, 10);
    },
  });
  controller({ ...base, 'POST /v1/chat/completions': (request) => { signal = request.signal; return { ...stream, raw }; } });
  await ask('A story');
  await screen.findByText('Once upon');
  await userEvent.click(screen.getByRole('button', { name: 'Stop' }));
  await screen.findByText(/stopped by you/);
  expect(signal?.aborted).toBe(true);
  screen.getByRole('button', { name: 'Show the record' });
});

it('asks again after the session ended, without losing the question', async () => {
  let ended = true;
  controller({
    ...base,
    'GET /api/v1/session': () => ({ body: session(['inference.ask']) }),
    'GET /api/v1/session/methods': { body: { local: true, issuers: [] } },
    'POST /api/v1/session': () => { ended = false; return { body: session(['inference.ask']) }; },
    'POST /v1/chat/completions': async (request) => {
      expect(((await request.json()) as { messages: unknown }).messages).toEqual([{ role: 'user', content: 'Still there?' }]);
      return ended ? problem(401, 'unauthenticated', 'the session has ended') : { ...stream, raw: chunk('Yes.') + end };
    },
  });
  await ask('Still there?');
  await userEvent.type(await screen.findByLabelText('Password'), 'a long one{Enter}');
  await screen.findByText('Yes.');
});
