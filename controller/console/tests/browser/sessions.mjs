const ACTIONS = [
  'fleet.read', 'model.read', 'model.import', 'model.remove', 'signer.read', 'signer.trust', 'signer.revoke',
  'trust_policy.read', 'trust_policy.change', 'trust_policy.remove', 'deployment.read', 'deployment.change',
  'deployment.remove', 'node.read', 'node.admit', 'node.revoke', 'key.read', 'key.create', 'key.revoke', 'audit.read', 'audit.export',
];

function session(name, roles, actions) {
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  return {
    user: { id: name, name, kind: 'local' }, roles, actions, csrf_token: 'not-checked-here',
    idle_expires_at: inAnHour, absolute_expires_at: inAnHour,
  };
}

export const everything = session('a.weber', ['fleet-admin'], ACTIONS);
export const auditor = session('m.okafor', ['auditor'], ['audit.read', 'audit.export']);
export const nobody = undefined;
