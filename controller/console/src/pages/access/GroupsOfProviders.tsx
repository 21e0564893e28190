import { useQuery } from '@tanstack/react-query';
import { useMay } from '../../api/session';
import { GroupTable } from '../../configuration/GroupTable';
import { configuration } from '../../configuration/queries';
import { ErrorState, Section } from '../../design';

/** Who gets a role by a group elsewhere. Nothing where there is no provider; Operations says how to have one. */
export function GroupsOfProviders() {
  const may = useMay()('configuration.read');
  const { data, error, refetch } = useQuery({ ...configuration, enabled: may });
  // It is the last of the page, and most fleets have none: no place is kept for it until it is known.
  if (!may || (!error && !data) || data?.identity_providers.length === 0) return null;
  return (
    <Section title="Roles by group" note="for people who sign in with an identity provider; the controller’s file decides">
      {data
        ? data.identity_providers.map((provider) => <div key={provider.id} className="provider-groups"><h3 className="wrap">{provider.name}</h3><GroupTable of={provider} /></div>)
        : error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
    </Section>
  );
}
