import { GroupTable } from '../../configuration/GroupTable';
import type { IdentityProvider } from '../../configuration/queries';
import { Duration, EmptyState, Facts, Section } from '../../design';

/** With whom people sign in, besides accounts that are kept here. */
export function SignIn({ providers }: { providers: readonly IdentityProvider[] }) {
  return (
    <Section title="Sign-in" note="identity providers, and what their groups may do here">
      {providers.length === 0
        ? <EmptyState title="No identity provider">People sign in with accounts of this fleet; to let them in with your own provider, start the controller with <code>--oidc FILE</code> (“Signing in with your identity provider” in <code>docs/console.md</code>).</EmptyState>
        : providers.map((provider) => <Provider key={provider.id} of={provider} />)}
    </Section>
  );
}

function Provider({ of: provider }: { of: IdentityProvider }) {
  return (
    <div className="provider">
      <h3 className="wrap">{provider.name}</h3>
      <Facts of={[
        ['Accounts end in', <code key="id">@{provider.id}</code>],
        ['Address', <code key="url">{provider.url}</code>],
        ['Client', <code key="client">{provider.client_id}</code>],
        ['Asked again every', <Duration key="recheck" seconds={provider.recheck_s} />],
      ]} />
      <GroupTable of={provider} />
    </div>
  );
}
