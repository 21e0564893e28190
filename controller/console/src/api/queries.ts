import { queryOptions } from '@tanstack/react-query';
import { client, take } from './client';
import { liveBy } from './live';
import type { components } from './schema';

type Schemas = components['schemas'];
export type Status = Schemas['Status'];
export type Node = Schemas['Node'];
export type Replica = Schemas['Replica'];
export type Deployment = Schemas['Deployment'];
export type DeployRequest = Schemas['DeployRequest'];
export type DeploymentRevision = Schemas['DeploymentRevision'];
export type ReplicaEvent = Schemas['ReplicaEvent'];
export type Explanation = Schemas['Explanation'];
export type Model = Schemas['Model'];
export type ModelDetail = Schemas['ModelDetail'];
export type Signer = Schemas['Signer'];
export type TrustPolicy = Schemas['TrustPolicy'];
export type TrustPolicyRequest = Schemas['TrustPolicyRequest'];
export type Import = Schemas['Import'];
export type Upload = Schemas['Upload'];
export type AuditRecord = Schemas['Record'];
export type Key = Schemas['Key'];
export type Tenant = Schemas['Tenant'];

// Keys are the paths, so that a change names what it touches.
export const status = queryOptions({ queryKey: ['status'], queryFn: () => take(client.GET('/api/v1/status')), ...liveBy('status') });

export const nodes = queryOptions({
  queryKey: ['nodes'], queryFn: async () => (await take(client.GET('/api/v1/nodes'))).nodes, ...liveBy('nodes'),
});

export const replicas = queryOptions({
  queryKey: ['replicas'], queryFn: async () => (await take(client.GET('/api/v1/replicas'))).replicas, ...liveBy('replicas'),
});

export const deployments = queryOptions({
  queryKey: ['deployments'], queryFn: async () => (await take(client.GET('/api/v1/deployments'))).deployments, ...liveBy('deployments'),
});

export const deployment = (name: string) => queryOptions({
  queryKey: ['deployments', name],
  queryFn: () => take(client.GET('/api/v1/deployments/{name}', { params: { path: { name } } })), ...liveBy('deployments'),
});

export const revisions = (name: string) => queryOptions({
  queryKey: ['deployments', name, 'revisions'],
  queryFn: async () => (await take(client.GET('/api/v1/deployments/{name}/revisions', { params: { path: { name } } }))).revisions, ...liveBy('deployments'),
});

export const explanation = (id: string) => queryOptions({
  queryKey: ['replicas', id, 'explanation'],
  queryFn: () => take(client.GET('/api/v1/replicas/{replica_id}/explanation', { params: { path: { replica_id: id } } })), ...liveBy('replicas'),
});

export const models = queryOptions({
  queryKey: ['models'], queryFn: async () => (await take(client.GET('/api/v1/models'))).models, ...liveBy('models'),
});

export const model = (name: string) => queryOptions({
  queryKey: ['models', name],
  queryFn: () => take(client.GET('/api/v1/models/{model}', { params: { path: { model: name } } })), ...liveBy('models', 'deployments'),
});

export const signers = queryOptions({
  queryKey: ['signers'], queryFn: async () => (await take(client.GET('/api/v1/signers'))).signers, ...liveBy('signers', 'trust_policies'),
});

export const trustPolicies = queryOptions({
  queryKey: ['trust-policies'], queryFn: async () => (await take(client.GET('/api/v1/trust-policies'))).policies, ...liveBy('trust_policies'),
});

export const imports = queryOptions({
  queryKey: ['imports'], queryFn: async () => (await take(client.GET('/api/v1/imports'))).imports, ...liveBy('imports'),
});

export const keys = queryOptions({
  queryKey: ['keys'], queryFn: async () => (await take(client.GET('/api/v1/keys'))).keys, ...liveBy('keys'),
});

export const tenants = queryOptions({
  queryKey: ['tenants'], queryFn: async () => (await take(client.GET('/api/v1/tenants'))).tenants, ...liveBy('accounts', 'keys', 'deployments'),
});
