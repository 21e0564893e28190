import { describe, expect, it } from 'vitest';
import { leftOf } from './RemoveTenant';
import { daysBack, nameOf, share } from './usage';

const sum = { requests: 1, interrupted: 0, prompt_tokens: 1, output_tokens: 1, time_ms: 1 };

describe('usage', () => {
  it('counts today among the days', () => {
    const now = new Date('2026-03-01T00:30:00Z');
    expect(daysBack(1, now)).toBe('2026-03-01');
    expect(daysBack(7, now)).toBe('2026-02-23');
  });

  it('names a group by what it is a group of', () => {
    const row = { ...sum, caller_name: 'ehr', tenant: 'cardiology', deployment: 'ward', day: '2026-11-30' };
    expect((['caller', 'tenant', 'deployment', 'day'] as const).map((by) => nameOf(row, by))).toEqual(['ehr', 'cardiology', 'ward', '2026-11-30']);
    expect(nameOf(sum, 'tenant')).toBe('the fleet itself');
  });

  it('tells a share without pretending that little is nothing', () => {
    expect([share(1, 0), share(0, 10), share(1, 1000), share(1, 3), share(5, 5)]).toEqual(['–', '0 %', '< 1 %', '33 %', '100 %']);
  });
});

describe('a tenant that is to be removed', () => {
  const tenant = { name: 'cardiology', title: 'Cardiology', created_at: '', accounts: 0, keys: 0, deployments: 0 };
  it('says what is left of it', () => {
    expect(leftOf(tenant)).toBe('');
    expect(leftOf({ ...tenant, accounts: 2, deployments: 1 })).toBe('2 accounts, 1 deployment');
  });
});
