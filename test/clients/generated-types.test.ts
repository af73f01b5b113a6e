import { expect } from 'vitest';
import { test } from '../support/api-test.ts';
import { generateClientTypes } from '../support/client-types.ts';

test('the types of the TypeScript client are those of the service: npm run client-types', async ({
  service,
}) => {
  const types = await generateClientTypes(service);
  await expect(types).toMatchFileSnapshot('../../clients/typescript/src/api.ts');
});
