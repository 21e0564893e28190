import { Check } from 'lucide-react';
import { useSession } from '../../api/session';
import { Section } from '../../design';
import { GroupsOfProviders } from './GroupsOfProviders';
import { IN_TENANT, MATRIX, ROLES } from './matrix';
import { PURPOSE } from './roles';

export function RolesTab() {
  return <><WhoMayWhat /><GroupsOfProviders /></>;
}

/** The table that the controller is built with. */
function WhoMayWhat() {
  const own = useSession().roles;
  return (
    <Section title="Who may do what" note="Everything else is denied, and that is on record">
      <div className="table-scroll" tabIndex={0} role="region" aria-label="Roles and what they may do">
        <table className="table matrix" aria-label="Roles and what they may do">
          <thead>
            <tr>
              <th scope="col">Action</th>
              {ROLES.map((role) => <th key={role} scope="col" title={PURPOSE[role]}>{role}{own.includes(role) ? <span className="matrix-own">you</span> : null}</th>)}
              <th scope="col" title="Within a tenant, with what is its own">in a tenant</th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(MATRIX).map(([action, may]) => (
              <tr key={action}>
                <th scope="row"><code>{action}</code></th>
                {ROLES.map((role) => <td key={role}>{may.includes(role) ? <Check role="img" aria-label="allowed" /> : <span className="unseen">denied</span>}</td>)}
                <td>{IN_TENANT.has(action) ? 'own' : <span className="soft">no</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <dl className="purposes">{ROLES.map((role) => <div key={role}><dt>{role}</dt><dd className="soft">{PURPOSE[role]}</dd></div>)}</dl>
    </Section>
  );
}
