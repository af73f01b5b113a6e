import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { TestService } from './service.ts';

const run = promisify(execFile);
const CONFIG = {
  compilerOptions: {
    target: 'es2024',
    module: 'esnext',
    moduleResolution: 'bundler',
    strict: true,
    rewriteRelativeImportExtensions: true,
    outDir: 'out',
    types: ['node'],
  },
};

/** A folder, from where the project's packages are found, with the service's own document; until the test is over. */
export async function openProgramFolder({ call }: Pick<TestService, 'call'>): Promise<string> {
  const parent = 'node_modules/.cache';
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'generated-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  await writeFile(join(folder, 'openapi.json'), (await call('GET', '/openapi.json')).text);
  return folder;
}

/** Compiles its program to `out/main.js`. Throws what the compiler says. */
export async function compile(folder: string): Promise<void> {
  await run('node_modules/.bin/tsc', ['-p', folder]).catch((error) => {
    throw new Error(error.stdout, { cause: error });
  });
}
