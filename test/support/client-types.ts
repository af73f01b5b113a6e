import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openFolder } from './folder.ts';
import type { Answer } from './http.ts';
import type { TestService } from './service.ts';

/** Tests look into documents freely. */
type Json = Answer['json'];

const run = promisify(execFile);

/** Where generators are, which need a TypeScript with a compiler API. */
export const GENERATORS = 'test/generators/node_modules/.bin';

/**
 * The types of the TypeScript client, from the service's own document. The client sends the key with
 * every request and throws what is no success, so its types have neither.
 */
export async function generateClientTypes({ call }: Pick<TestService, 'call'>): Promise<string> {
  const { json: document } = await call('GET', '/openapi.json');
  for (const operation of Object.values<object>(document.paths).flatMap(Object.values)) {
    operation.parameters = operation.parameters?.filter(
      (one: Json) => one.name !== 'Authorization',
    );
    operation.responses = Object.fromEntries(
      Object.entries<Json>(operation.responses).filter(([status]) => Number(status) < 400),
    );
  }
  const file = join(await openFolder(), 'openapi.json');
  await writeFile(file, JSON.stringify(document));
  const { stdout } = await run(`${GENERATORS}/openapi-typescript`, [file], { maxBuffer: 2 ** 24 });
  return stdout;
}
