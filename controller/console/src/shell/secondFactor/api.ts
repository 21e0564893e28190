import { queryOptions } from '@tanstack/react-query';
import { client, take } from '../../api/client';
import type { components } from '../../api/schema';

export type SecondFactor = components['schemas']['SecondFactor'];
export type Offered = components['schemas']['OfferedSecondFactor'];

export const secondFactor = queryOptions({
  queryKey: ['second-factor'], queryFn: () => take(client.GET('/api/v1/session/second-factor')),
});

/** What the app is told. What was offered before is void. */
export const offer = (): Promise<Offered> => take(client.POST('/api/v1/session/second-factor'));

const withPassword = (code: string, password: string) => ({ code, ...(password ? { current_password: password } : {}) });

/** A first code; the recovery codes, which are shown only once. */
export const confirm = async (code: string, password: string): Promise<string[]> =>
  (await take(client.PUT('/api/v1/session/second-factor', { body: withPassword(code, password) }))).recovery_codes;

export const remove = (code: string, password: string) =>
  take(client.POST('/api/v1/session/second-factor/removal', { body: withPassword(code, password) }));
