import { useQuery } from '@tanstack/react-query';
import { useMay, useSession } from '../../api/session';
import { configuration } from '../../configuration/queries';
import { DeniedState, ErrorState, Facts, Section, Skeleton } from '../../design';
import { Options } from './Options';
import { SignIn } from './SignIn';

const DATABASES: Readonly<Record<string, string>> = { sqlite: 'SQLite', postgres: 'PostgreSQL' };

/** The configuration and what follows from it. */
export function InForce() {
  const may = useMay()('configuration.read');
  const { account } = useSession();
  if (!may) return <Section title="Configuration in force"><DeniedState action="configuration.read" who={account.name} /></Section>;
  return <Permitted />;
}

function Permitted() {
  const query = useQuery(configuration);
  if (!query.data) {
    return (
      <Section title="Configuration in force">
        {query.error ? <ErrorState error={query.error} onRetry={() => void query.refetch()} /> : <Skeleton rows={6} />}
      </Section>
    );
  }
  const { database, identity_providers: providers, options } = query.data;
  return (
    <>
      <Options of={options} />
      <Section title="Database"><Facts of={[['Kind', DATABASES[database.kind] ?? database.kind], ['Schema', `version ${database.schema_version}`]]} /></Section>
      <SignIn providers={providers} />
    </>
  );
}
