import { execFile } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { Bctrl } from '../../clients/typescript/src/index.ts';
import { withKey } from '../../clients/typescript/src/idempotency.ts';
import { test } from '../support/api-test.ts';
import { openFolder } from '../support/folder.ts';
import { readReference } from '../support/reference.ts';

const run = promisify(execFile);

test('the client gives a key to exactly the operations that take one', async ({ service }) => {
  for (const operation of (await readReference(service)).values()) {
    const { id, path, parameters, bodies } = operation;
    // Forms and zips are not repeated; steps have their key from `runtime.execute`.
    const isJson = bodies.size === 0 || (bodies.size === 1 && bodies.has('application/json'));
    if (id === 'execute' || !isJson) continue;
    const method = operation.method.toUpperCase();
    const request = withKey(new Request(service.url + path, { method }));
    const takesKey = parameters.some(({ name }) => name === 'Idempotency-Key');
    expect(request.headers.has('idempotency-key'), id).toBe(takesKey);
  }
});

test('a refusal names the field, the code and the request', async ({ service }) => {
  const bctrl = new Bctrl({ baseUrl: service.url, apiKey: service.apiKey });
  await expect(bctrl.createRuntime({ idleTimeoutSeconds: -1 })).rejects.toMatchObject({
    status: 400,
    code: 'request.invalid',
    path: 'idleTimeoutSeconds',
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  await expect(bctrl.getRuntime('nobody')).rejects.toMatchObject({
    status: 404,
    code: 'runtime.not_found',
  });
});

test('the package has what it needs and nothing else, and says which driver is missing', async ({
  service,
}) => {
  const folder = await openFolder();
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: 'clients/typescript',
  });
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.indexOf('[')));
  const paths = files.map(({ path }: { path: string }) => path);
  expect(paths).toEqual(
    expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts']),
  );
  expect(paths.filter((path: string) => !path.startsWith('dist/'))).toEqual([
    'LICENSE',
    'README.md',
    'package.json',
  ]);

  const home = join(folder, 'node_modules', '@bctrl', 'client');
  await mkdir(home, { recursive: true });
  await run('tar', ['-xzf', join(folder, filename), '--strip-components=1', '-C', home]);
  for (const name of ['openapi-fetch', 'openapi-typescript-helpers']) {
    await cp(`node_modules/${name}`, join(folder, 'node_modules', name), { recursive: true });
  }
  const program = `
    import { Bctrl } from '@bctrl/client';
    const runtime = await new Bctrl().createRuntime();
    console.log(await runtime.puppeteer().catch((error) => error.message));
    console.log((await runtime.stop()).status);
  `;
  await writeFile(join(folder, 'main.mjs'), program);
  const env = { ...process.env, BCTRL_URL: service.url, BCTRL_API_KEY: service.apiKey };
  const said = await run(process.execPath, [join(folder, 'main.mjs')], { env });
  expect(said.stdout).toBe(
    'This takes the package puppeteer-core: npm install puppeteer-core\nstopped\n',
  );
});
