import { queryOptions } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import { liveBy } from '../../api/live';
import type { components } from '../../api/schema';

export type Account = components['schemas']['Account'];
export type Role = components['schemas']['FleetRole'];
export type OpenSession = components['schemas']['OpenSession'];

export const accounts = queryOptions({
  queryKey: ['accounts'], queryFn: async () => (await take(client.GET('/api/v1/accounts'))).accounts, ...liveBy('accounts'),
});

export const openSessions = queryOptions({
  queryKey: ['open-sessions'], queryFn: async () => (await take(client.GET('/api/v1/sessions'))).sessions, ...liveBy('sessions'),
});
