import { client, take } from '../../api/client';
import type { components } from '../../api/schema';
import { Button, CopyField, DialogActions, Notice, Time } from '../../design';

export type LoginLink = components['schemas']['LoginLink'];

export const makeLink = (account: string): Promise<LoginLink> =>
  take(client.POST('/api/v1/accounts/{account}/login-link', { params: { path: { account } } }));

/** The whole address. What is behind the `#` a browser sends to nobody. */
export const addressOf = (origin: string, token: string): string => `${origin}/console/login#token=${token}`;

export function LinkShown({ name, link, onClose }: { name: string; link: LoginLink; onClose: () => void }) {
  return (
    <div className="stack">
      <p>This address signs <strong>{name}</strong> in, once:</p>
      <CopyField value={addressOf(location.origin, link.token)} label="the login link" block />
      <Notice tone="warn">It is shown only now, and expires <Time at={link.expires_at} />. Whoever has it is {name}: hand it over in person or by a channel that only {name} reads.</Notice>
      <DialogActions><Button kind="primary" onPress={onClose}>Done</Button></DialogActions>
    </div>
  );
}
