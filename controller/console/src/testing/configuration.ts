import type { Configuration } from '../configuration/queries';

/** What a controller with one identity provider answers. */
export const inForce: Configuration = {
  version: '0.1.0', started_at: '2026-11-30T07:00:00Z', controller_id: '01CONTROLLER',
  database: { kind: 'postgres', schema_version: 8 },
  options: [
    { name: '--http', value: '127.0.0.1:7080', source: 'command_line', help: 'OpenAI-compatible HTTP' },
    { name: '--database', source: 'environment', is_secret: true, help: 'where the state is' },
    { name: '--oidc', source: 'default', help: 'identity providers' },
  ],
  identity_providers: [{
    id: 'clinic', name: 'Clinic account', url: 'https://login.example/realms/clinic', client_id: 'cloister', recheck_s: 300,
    groups: [{ group: 'platform', roles: ['fleet-admin'] }, { group: 'compliance', roles: ['auditor', 'user'] }],
  }],
};
