import { Checkbox, CheckboxGroup, Label } from 'react-aria-components';
import { ROLES } from './matrix';
import type { Role } from './queries';
import { PURPOSE } from './roles';

export function RoleChoice({ value, onChange }: { value: readonly Role[]; onChange: (roles: Role[]) => void }) {
  return (
    <CheckboxGroup className="field" value={[...value]} onChange={(chosen) => onChange(ROLES.filter((role) => chosen.includes(role)))}>
      <Label className="field-label">Roles</Label>
      {ROLES.map((role) => (
        <Checkbox key={role} value={role} className="check role-check">
          <span className="check-box" aria-hidden="true" /><span className="role-name">{role}</span><span className="soft">{PURPOSE[role]}</span>
        </Checkbox>
      ))}
    </CheckboxGroup>
  );
}
