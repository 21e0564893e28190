import { ExternalLink } from 'lucide-react';
import { beginAddress, type Issuer } from '../api/providers';

/** A way in for each identity provider. These lead away from the console, and back to `next`. */
export function ProviderLinks({ issuers, next }: { issuers: Issuer[]; next: string }) {
  return (
    <ul className="providers">
      {issuers.map((issuer) => <li key={issuer.id}><a className="button" href={beginAddress(issuer, next)}>Sign in with {issuer.name}</a></li>)}
    </ul>
  );
}

/** In a tab of its own, so that nothing on this page is lost. */
export function ProviderLinkAside({ issuer }: { issuer: Issuer }) {
  return (
    <div className="providers">
      <a className="button" href={beginAddress(issuer, '/')} target="_blank" rel="noopener">
        <ExternalLink aria-hidden="true" />Sign in with {issuer.name}<span className="unseen"> in a new tab</span>
      </a>
      <p className="soft small">This opens a new tab. Once you are signed in there, this page goes on by itself.</p>
    </div>
  );
}
