import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { client, take } from '../../../api/client';
import { Button, Dialog, DialogActions, Notice, say, TextField } from '../../../design';
import { nameProblem } from '../name';
import { secretProblem } from './policy';

export function TrustSigner({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return <Dialog title="Trust a signer" size="wide" isOpen={isOpen} onClose={onClose}><TrustForm onClose={onClose} /></Dialog>;
}

function TrustForm({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [pem, setPem] = useState('');
  const wrongName = name ? nameProblem(name) : undefined;
  const secret = secretProblem(pem);
  const trust = useMutation({
    mutationFn: () => take(client.POST('/api/v1/signers', { body: { name, public_key_pem: pem } })),
    onSuccess: async () => {
      await queries.invalidateQueries();
      onClose();
      say(`${name} is trusted`);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name && pem && !wrongName && !secret && !trust.isPending) trust.mutate();
  };
  return (
    <form className="stack" onSubmit={submit}>
      <p className="soft">Every model that this key signed may be imported and run. Compare the key with its holder by another way than the one it came by.</p>
      <TextField label="Who holds it" value={name} onChange={setName} error={wrongName} mono autoFocus />
      <TextField label="Public key, PEM" value={pem} onChange={setPem} error={secret} lines={6} mono placeholder="-----BEGIN PUBLIC KEY-----" />
      {trust.error ? <Notice tone="bad">{trust.error.message}</Notice> : null}
      <DialogActions>
        <Button onPress={onClose}>Cancel</Button>
        <Button kind="primary" type="submit" isDisabled={!name || !pem || Boolean(secret)} isPending={trust.isPending}>Trust</Button>
      </DialogActions>
    </form>
  );
}
