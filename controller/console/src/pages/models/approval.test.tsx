import { screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it } from 'vitest';
import { openConsole } from '../../testing/console';
import { controller, session, type Answers } from '../../testing/controller';

const smollm = {
  name: 'smollm2', digest: 'sha256:00', architecture: 'llama', quantization: 'Q4_1', size_bytes: 1, parameters: 1, context_length: 2048, signer_key_id: 'k', signer_name: 'acme',
  trusted: true, imported_at: '2026-11-30T12:00:00Z', approval: 'waiting', files: [], checks: [], deployments: ['ward', 'clinic'],
  facts: {
    weights_file: '', architecture: 'llama', quantization: 'Q4_1', parameters: 1, context_length: 2048, layers: 1, embedding_length: 1, attention_heads: 1, attention_heads_kv: 1,
    vocabulary: 1, tensor_types: {}, weights_bytes: 1, kv_bytes_per_token: 1, chat_template: false,
  },
};

function open(path: string, actions: string[], model: object, more: Answers = {}): void {
  controller({
    'GET /api/v1/session': { body: session(['model.read', ...actions]) },
    'GET /api/v1/models/smollm2': () => ({ body: model }),
    'GET /api/v1/models': () => ({ body: { models: [model] } }),
    ...more,
  });
  openConsole(path);
}

beforeEach(() => localStorage.clear());

it('tells whoever may not approve that somebody must, and offers nothing', async () => {
  open('/models/smollm2', [], smollm);
  await screen.findByText(/A fleet admin or a model approver must approve it/);
  expect(screen.queryByRole('button', { name: 'Approve' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Retire' })).toBeNull();
});

it('approves once it was said what that means', async () => {
  let model: object = smollm;
  open('/models/smollm2', ['model.approve'], () => model, {
    'GET /api/v1/models/smollm2': () => ({ body: model }),
    'POST /api/v1/models/smollm2/approve': () => {
      model = { ...smollm, approval: 'approved', approved_by: 'weber', approved_at: '2026-11-30T12:00:00Z' };
      return { body: { ...model, record_id: 'R7' } };
    },
  });
  await userEvent.click(await screen.findByRole('button', { name: 'Approve' }));
  await screen.findByText(/You are on record for it/);
  await userEvent.click(screen.getByRole('button', { name: 'Approve model' }));
  await screen.findByText('smollm2 is approved. Record R7');
  await waitFor(() => expect(screen.queryByText(/waits for approval/)).toBeNull());
});

it('retires only once the name is typed, and says which deployments go on', async () => {
  const sent: unknown[] = [];
  open('/models/smollm2?retire', ['model.retire'], { ...smollm, approval: 'approved' }, {
    'POST /api/v1/models/smollm2/retire': async (request) => {
      sent.push(await request.json());
      return { body: { ...smollm, approval: 'retired', record_id: 'R8' } };
    },
  });
  await screen.findByText('Nothing is taken down: these go on with it, and may only be scaled down or removed.');
  expect(within(screen.getByRole('alertdialog')).getByText('ward')).toBeTruthy();
  await userEvent.type(screen.getByLabelText('Why (optional)'), 'too small');
  expect(screen.getByRole('button', { name: 'Retire model' }).hasAttribute('disabled')).toBe(true);
  await userEvent.type(screen.getByLabelText('Type smollm2 to confirm'), 'smollm2{Enter}');
  await screen.findByText('smollm2 is retired. Record R8');
  expect(sent).toEqual([{ because: 'too small' }]);
});

it('says of a retired one who retired it and why, as text', async () => {
  open('/models/smollm2', [], { ...smollm, approval: 'retired', retired_by: 'weber', retired_at: '2026-11-30T12:00:00Z', retired_because: '<b>old</b>' });
  await screen.findByText(/weber retired it/);
  expect(screen.getByText(/<b>old<\/b>/)).toBeTruthy();
});

it('lists the models that wait, from the address', async () => {
  open('/models?approval=retired', [], smollm);
  await screen.findByText('No model is retired');
  await userEvent.click(screen.getByRole('button', { name: 'Show all' }));
  await screen.findByRole('link', { name: 'smollm2' });
});
