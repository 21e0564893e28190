import { expect, it } from 'vitest';
import { joinCommand, joinProblems } from './joinCommand';

it('is what the documentation says, with only what was given', () => {
  expect(joinCommand({ token: 'cjt1.abc', name: 'node-7', jurisdiction: 'DE', region: 'de-fra-1' }))
    .toBe('cloister-agent --data /srv/cloister-agent --name node-7 --region de-fra-1 --jurisdiction DE --join cjt1.abc');
  expect(joinCommand({ token: 'cjt1.abc', name: '', jurisdiction: '', region: '' })).toBe('cloister-agent --data /srv/cloister-agent --join cjt1.abc');
});

it('leaves a shell nothing to run', () => {
  expect(joinCommand({ token: 't', name: '', jurisdiction: '', region: "x'; rm -rf / #" })).toContain(String.raw`--region 'x'\''; rm -rf / #'`);
});

it('names what the agent would turn down', () => {
  expect(Object.keys(joinProblems({ name: 'Node 7', jurisdiction: 'de' }))).toEqual(['name', 'jurisdiction']);
});
