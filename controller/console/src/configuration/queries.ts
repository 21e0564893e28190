import { queryOptions } from '@tanstack/react-query';
import { client, take } from '../api/client';
import type { components } from '../api/schema';

export type Configuration = components['schemas']['Configuration'];
export type Option = components['schemas']['OptionInForce'];
export type IdentityProvider = components['schemas']['IdentityProviderInForce'];
export type GroupRoles = components['schemas']['GroupRolesInForce'];

/** Not read again by itself: it changes only with a restart, after which everything is read anew. */
export const configuration = queryOptions({
  queryKey: ['configuration'], queryFn: () => take(client.GET('/api/v1/configuration')),
});
