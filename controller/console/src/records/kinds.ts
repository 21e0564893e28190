/** What was done, by kind of record, as it reads before the name of the subject. */
export const DEEDS: Readonly<Record<string, string>> = {
  'fleet.created': 'created the fleet', 'controller.started': 'started a controller', 'controller.stopped': 'stopped a controller',
  'signer.trusted': 'trusted the signer', 'signer.revoked': 'revoked the signer',
  'trust_policy.created': 'created the trust policy', 'trust_policy.changed': 'changed the trust policy', 'trust_policy.removed': 'removed the trust policy',
  'model.imported': 'imported the model', 'model.refused': 'tried to import a model that was refused:', 'model.approved': 'approved the model', 'model.retired': 'retired the model', 'model.removed': 'removed the model',
  'deployment.created': 'created the deployment', 'deployment.changed': 'changed the deployment', 'deployment.removed': 'removed the deployment',
  'placement.changed': 'changed the placement of', 'node.token_created': 'created a join token', 'node.enrolled': 'enrolled the node',
  'node.enrolment_refused': 'tried to enrol a node and was refused', 'node.certificate_renewed': 'renewed the certificate of', 'node.revoked': 'revoked the node',
  'tenant.created': 'created the tenant', 'tenant.removed': 'removed the tenant',
  'node.cordoned': 'cordoned the node', 'node.drain_started': 'began to drain the node', 'node.opened': 'opened the node again:',
  'key.created': 'created the API key', 'key.revoked': 'revoked the API key',
  'account.created': 'created the account', 'account.roles_changed': 'changed the roles of', 'account.password_changed': 'chose a new password for',
  'account.second_factor_set': 'set up a second factor for', 'account.second_factor_removed': 'removed the second factor of', 'account.second_factor_reset': 'reset the second factor of',
  'account.link_created': 'made a one-time login link for', 'account.disabled': 'disabled the account',
  'session.started': 'signed in', 'session.ended': 'ended a session', 'session.refused': 'tried to sign in and was refused, as',
  'access.denied': 'was denied', 'audit.exported': 'exported evidence',
  'inference.requested': 'asked', 'inference.completed': 'got an answer from', 'inference.interrupted': 'got no whole answer from', 'inference.denied': 'was denied an answer by',
};

export const KINDS: readonly string[] = Object.keys(DEEDS);

/** Subjects whose name adds nothing to what was done. */
export const UNNAMED: ReadonlySet<string> = new Set([
  'fleet.created', 'controller.started', 'controller.stopped', 'node.token_created', 'audit.exported', 'session.started', 'session.ended',
]);
