import { useQuery } from '@tanstack/react-query';
import { tenants } from '../api/queries';
import { useMay, useSession } from '../api/session';
import { Select } from '../design';

/** What is no tenant's. */
const FLEET = '';

/**
 * Where something new is to belong. Nothing to see where there is nothing to choose: for people of a tenant, and in a
 * fleet without tenants.
 */
export function TenantChoice({ value, onChange }: { value: string; onChange: (tenant: string) => void }) {
  const { account } = useSession();
  const isAsked = useMay()('tenant.read') && account.tenant == null;
  const found = useQuery({ ...tenants, enabled: isAsked }).data ?? [];
  if (!isAsked || found.length === 0) return null;
  const options = [
    { id: FLEET, label: 'The fleet itself', note: 'no tenant sees it' },
    ...found.map(({ name, title }) => ({ id: name, label: name, note: title === name ? '' : title })),
  ];
  return <Select label="Belongs to" value={value} onChange={onChange} options={options} />;
}
