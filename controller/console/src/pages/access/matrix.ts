// Made by `npm run generate` from docs/access-matrix.md.
export const ROLES = ['fleet-admin', 'operator', 'model-approver', 'auditor', 'developer', 'user', 'vendor-support'] as const;

/** By action: the roles that may. */
export const MATRIX: Readonly<Record<string, readonly (typeof ROLES)[number][]>> = {
  'fleet.read': ['fleet-admin', 'operator', 'model-approver', 'auditor', 'developer', 'vendor-support'],
  'model.read': ['fleet-admin', 'operator', 'model-approver', 'auditor', 'developer', 'vendor-support'],
  'model.import': ['fleet-admin', 'operator', 'model-approver'],
  'model.approve': ['fleet-admin', 'model-approver'],
  'model.retire': ['fleet-admin', 'model-approver'],
  'model.remove': ['fleet-admin', 'model-approver'],
  'signer.read': ['fleet-admin', 'operator', 'model-approver', 'auditor'],
  'signer.trust': ['fleet-admin', 'model-approver'],
  'signer.revoke': ['fleet-admin', 'model-approver'],
  'trust_policy.read': ['fleet-admin', 'operator', 'model-approver', 'auditor'],
  'trust_policy.change': ['fleet-admin', 'model-approver'],
  'trust_policy.remove': ['fleet-admin', 'model-approver'],
  'deployment.read': ['fleet-admin', 'operator', 'model-approver', 'auditor', 'developer', 'user', 'vendor-support'],
  'deployment.change': ['fleet-admin', 'operator'],
  'deployment.remove': ['fleet-admin', 'operator'],
  'replica.logs': ['fleet-admin', 'operator', 'vendor-support'],
  'node.read': ['fleet-admin', 'operator', 'auditor', 'vendor-support'],
  'node.admit': ['fleet-admin', 'operator'],
  'node.cordon': ['fleet-admin', 'operator'],
  'node.revoke': ['fleet-admin', 'operator'],
  'key.read': ['fleet-admin', 'operator', 'auditor'],
  'key.create': ['fleet-admin'],
  'key.revoke': ['fleet-admin'],
  'audit.read': ['fleet-admin', 'model-approver', 'auditor'],
  'audit.export': ['fleet-admin', 'auditor'],
  'tenant.read': ['fleet-admin', 'operator', 'auditor'],
  'tenant.change': ['fleet-admin'],
  'usage.read': ['fleet-admin', 'operator', 'auditor'],
  'account.read': ['fleet-admin', 'auditor'],
  'account.change': ['fleet-admin'],
  'session.read': ['fleet-admin', 'auditor'],
  'session.end': ['fleet-admin'],
  'configuration.read': ['fleet-admin', 'operator', 'auditor', 'vendor-support'],
  'diagnostics.read': ['fleet-admin', 'operator', 'vendor-support'],
  'inference.ask': ['fleet-admin', 'operator', 'developer', 'user'],
};

/** Actions that are possible within a tenant, with what is its own. */
export const IN_TENANT: ReadonlySet<string> = new Set(['fleet.read', 'model.read', 'deployment.read', 'deployment.change', 'deployment.remove', 'replica.logs', 'key.read', 'key.create', 'key.revoke', 'audit.read', 'audit.export', 'tenant.read', 'usage.read', 'account.read', 'account.change', 'session.read', 'session.end', 'inference.ask']);
