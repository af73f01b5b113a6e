import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { test } from '../../support/api-test.ts';
import { openProgramFolder, compile } from '../../support/generated-program.ts';
import { GENERATORS } from '../../support/client-types.ts';

const run = promisify(execFile);

/** The published contract lists the header, so its types ask for it. */
const WITH_OPENAPI_FETCH = `
import createClient from 'openapi-fetch';
import type { paths } from './api.d.ts';

const Authorization = \`Bearer \${process.env['KEY']}\`;
const client = createClient<paths>({ baseUrl: process.env['URL'] ?? '', headers: { Authorization } });
const { data, error } = await client.POST('/v1/workspaces/{id}/runtimes', {
  params: { path: { id: 'default' }, header: { Authorization } },
  body: { alias: 'generated', kind: 'browser' },
});
if (error) throw new Error(error.code);
const shot = () => client.POST('/v1/workspaces/{id}/screenshot', {
  params: { path: { id: 'default' } },
  body: { url: 'https://example.com', waitFor: { selector: 'h1' }, viewport: { width: 800, height: 600 } },
});
const stopped = await client.POST('/v1/workspaces/{id}/runtimes/{alias}/stop', {
  params: { path: { id: 'default', alias: data.alias } },
});
console.log(data.status, stopped.data?.status, typeof shot);
`;

const WITH_HEY_API = `
import { createClient } from './client/client/index.ts';
import { runtimesCreate, oneShotScreenshot, execute } from './client/index.ts';

const client = createClient({ baseUrl: process.env['URL'] ?? '', auth: process.env['KEY'] ?? '' });
export const created = await runtimesCreate({
  client,
  path: { id: 'default' },
  headers: { Authorization: 'Bearer key' },
  body: { alias: 'generated', kind: 'browser' },
});
export const shot = () => oneShotScreenshot({ client, path: { id: 'default' }, body: { html: 'h' } });
export const done = () => execute({
  client,
  path: { id: 'default' },
  body: { runtime: 'generated', steps: [{ call: 'page.title' }] },
});
console.log(created.data?.status);
`;

const ORVAL_CONFIG = `
const output = { target: 'client.ts', client: 'fetch', baseUrl: { runtime: 'process.env.URL' } };
export default { api: { input: 'openapi.json', output } };
`;

const WITH_ORVAL = `
import { oneShotScreenshot, runtimesCreate, runtimesStop } from './client.ts';

const options = { headers: { Authorization: \`Bearer \${process.env['KEY']}\` } };
const created = await runtimesCreate('default', { alias: 'by-orval', kind: 'browser' }, options);
if (created.status !== 200) throw new Error(created.data.code);
export const shot = () => oneShotScreenshot('default', { html: 'h' }, options);
const stopped = await runtimesStop('default', created.data.alias, options);
console.log(created.data.status, stopped.status === 200 && stopped.data.status);
`;

test('openapi-typescript makes types of which openapi-fetch makes calls', async ({ service }) => {
  const folder = await openProgramFolder(service);
  const types = [join(folder, 'openapi.json'), '-o', join(folder, 'api.d.ts')];
  await run(`${GENERATORS}/openapi-typescript`, types);
  await writeFile(join(folder, 'main.ts'), WITH_OPENAPI_FETCH);
  await compile(folder);
  const env = { URL: service.url, KEY: service.apiKey };
  const { stdout } = await run(process.execPath, [join(folder, 'out', 'main.js')], { env });
  expect(stdout).toBe('active stopped function\n');
});

test('@hey-api/openapi-ts makes a client whose calls compile', async ({ service }) => {
  const folder = await openProgramFolder(service);
  const command = ['-i', join(folder, 'openapi.json'), '-o', join(folder, 'client')];
  const hook = [
    '--import',
    './test/generators/typescript-5.ts',
    'node_modules/@hey-api/openapi-ts/dist/run.mjs',
  ];
  await run(process.execPath, [...hook, ...command, '-c', '@hey-api/client-fetch']);
  await writeFile(join(folder, 'main.ts'), WITH_HEY_API);
  await compile(folder);
});

test('orval makes functions that compile and call', async ({ service }) => {
  const folder = await openProgramFolder(service);
  await writeFile(join(folder, 'orval.config.mjs'), ORVAL_CONFIG);
  await run(resolve(GENERATORS, 'orval'), ['--config', 'orval.config.mjs'], { cwd: folder });
  await writeFile(join(folder, 'main.ts'), WITH_ORVAL);
  await compile(folder);
  const env = { URL: service.url, KEY: service.apiKey };
  const { stdout } = await run(process.execPath, [join(folder, 'out', 'main.js')], { env });
  expect(stdout).toBe('active stopped\n');
});
