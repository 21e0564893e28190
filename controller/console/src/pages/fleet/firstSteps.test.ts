import { expect, it } from 'vitest';
import { firstSteps, isBeginning } from './firstSteps';

const empty = { nodesReady: 0, models: 0, deployments: 0, answered: false };

it('ticks what is, and leads to what is missing', () => {
  expect(firstSteps(empty).map(({ isDone }) => isDone)).toEqual([true, false, false, false]);
  expect(firstSteps(empty)[3]?.to).toBe('/deployments?new');
  const ready = { nodesReady: 1, models: 1, deployments: 1, answered: false };
  expect(firstSteps(ready)[3]).toMatchObject({ isDone: false, to: '/playground' });
});

it('is not shown once the fleet has answered, or where nobody can know', () => {
  expect(isBeginning(empty)).toBe(true);
  expect(isBeginning({ ...empty, models: 1, deployments: 1 })).toBe(true);
  expect(isBeginning({ ...empty, models: 1, deployments: 1, answered: true })).toBe(false);
  expect(isBeginning({ ...empty, models: 1, deployments: 1, answered: undefined })).toBe(false);
});
