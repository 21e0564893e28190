import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it, vi } from 'vitest';
import { ConfirmByName } from './ConfirmByName';

function show(extra: { isPending?: boolean; error?: Error } = {}) {
  const onConfirm = vi.fn();
  render(
    <ConfirmByName title="Remove ward" name="ward" action="Remove deployment" isOpen isPending={extra.isPending ?? false} error={extra.error ?? null} onConfirm={onConfirm} onClose={() => undefined}>
      <p>Callers are turned away.</p>
    </ConfirmByName>,
  );
  return onConfirm;
}

it('does nothing before the name is right, by button or by Enter', async () => {
  const onConfirm = show();
  await userEvent.type(screen.getByLabelText('Type ward to confirm'), 'war{Enter}');
  await userEvent.click(screen.getByRole('button', { name: 'Remove deployment' }));
  expect(onConfirm).not.toHaveBeenCalled();
  await userEvent.type(screen.getByLabelText('Type ward to confirm'), 'd{Enter}');
  expect(onConfirm).toHaveBeenCalledTimes(1);
});

it('asks no second time while the first is under way', async () => {
  const onConfirm = show({ isPending: true });
  await userEvent.type(screen.getByLabelText('Type ward to confirm'), 'ward{Enter}');
  expect(onConfirm).not.toHaveBeenCalled();
});

it('says why it did not work, and keeps what was typed', async () => {
  show({ error: new Error('the deployment is gone') });
  expect(screen.getByRole('alert').textContent).toContain('the deployment is gone');
});
