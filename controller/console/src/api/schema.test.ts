// @vitest-environment node
import { readFileSync } from 'node:fs';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import { expect, it } from 'vitest';

it('is what `npm run generate` makes of the API as it is', async () => {
  const made = COMMENT_HEADER + astToString(await openapiTS(new URL('../../../api/openapi.json', import.meta.url)));
  expect(readFileSync(new URL('./schema.ts', import.meta.url), 'utf8') === made, 'run `npm run generate`').toBe(true);
});
