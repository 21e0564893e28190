import { queryOptions } from '@tanstack/react-query';
import { asText } from '../../api/asText';
import { patientFetch } from '../../api/client';
import { problemOf } from '../../api/errors';
import { liveBy } from '../../api/live';

export interface Askable {
  id: string;
  max_model_len: number;
  cloister: { model_name: string; model_digest: string; ready_replicas: number };
}

/** What whoever is signed in may ask, as the API for questions lists it. */
export const askable = queryOptions({
  queryKey: ['askable'],
  queryFn: async () => {
    const response = await patientFetch(new Request('/v1/models', { cache: 'no-store' }));
    const body: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw problemOf(response, body);
    return asText((body as { data: Askable[] }).data);
  },
  ...liveBy('deployments', 'replicas'),
});
