import { expect, it } from 'vitest';
import { blank, differences, draftProblems, merged, requestOf } from './intent';

const before = { ...blank, name: 'ward', model: 'a', replicas: 2, jurisdiction: 'DE' };

it('keeps their changes and puts yours on top', () => {
  const theirs = { ...before, replicas: 5, model: 'b' };
  const yours = { ...before, replicas: 3, jurisdiction: 'DE-HE' };
  expect(merged(before, theirs, yours)).toMatchObject({ model: 'b', replicas: 3, jurisdiction: 'DE-HE' });
});

it('shows every field that somebody changed, and marks what both did', () => {
  const found = differences(before, { ...before, replicas: 5 }, { ...before, replicas: 3, jurisdiction: 'FR' });
  expect(found.map(({ field, clash }) => [field, clash])).toEqual([['Replicas', true], ['Jurisdiction', false]]);
});

it('reads labels line by line, with = in a value', () => {
  expect(requestOf({ ...before, selector: ' disk=nvme \n\ncost=a=b' }).node_selector).toEqual({ disk: 'nvme', cost: 'a=b' });
});

it('finds what is wrong before it is sent', () => {
  expect(Object.keys(draftProblems({ ...blank, name: 'Ward!', jurisdiction: 'germany', selector: 'x' })).toSorted())
    .toEqual(['jurisdiction', 'model', 'name', 'selector']);
  expect(draftProblems(before)).toEqual({});
});
