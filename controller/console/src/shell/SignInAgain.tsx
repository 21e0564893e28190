import type { Session } from '../api/session';
import { issuerOf } from '../api/providers';
import { Notice } from '../design';
import { ProviderLinkAside } from './ProviderLinks';
import { Offered, PasswordForm } from './SignInForm';

/** For the person whose page it is, and nobody else: the way in that the account had. */
export function SignInAgain({ account }: { account: Session['account'] }) {
  const from = issuerOf(account.name);
  return (
    <Offered>
      {({ local, issuers }) => {
        const issuer = issuers.find(({ id }) => id === from);
        if (issuer) return <ProviderLinkAside issuer={issuer} />;
        if (from || !local) return <Notice>The way in that this account had is not offered any more. Ask whoever runs this fleet.</Notice>;
        return (
          <>
            {account.has_password ? null : <p className="soft">This account has no password yet. Open a new login link in another tab; this page then goes on.</p>}
            <PasswordForm known={account.name} onDone={() => undefined} />
          </>
        );
      }}
    </Offered>
  );
}
