import { execFile } from 'node:child_process';
import { glob, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parseAst } from 'vitest/node';
import { beforeAll, expect, test } from 'vitest';
import { askDetection } from '../../src/runtime-manager/captchas/detection.ts';
import { openFolder } from '../support/folder.ts';

const run = promisify(execFile);

interface Script {
  name: string;
  /** The script as Node has it, and as pages get it. */
  loaded: string;
  shipped: string;
}

let scripts: Script[];

/** Loads the scripts as the service does: vitest would compile them in its own way. */
const LOAD = `
  const { sourceOf } = await import(process.argv[1]);
  const scripts = [];
  for (const path of process.argv.slice(2)) {
    for (const [name, script] of Object.entries(await import(path))) {
      scripts.push({ name, loaded: String(script), shipped: sourceOf(script) });
    }
  }
  console.log(JSON.stringify(scripts));`;

beforeAll(async () => {
  const files = await Array.fromAsync(glob('src/**/page-scripts/*.ts'));
  const sourceOf = 'src/runtime-manager/browser/pages/page-script.ts';
  const paths = [sourceOf, ...files].map((path) => resolve(path));
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', LOAD, ...paths]);
  scripts = JSON.parse(stdout);
  expect(scripts.length).toBeGreaterThanOrEqual(files.length);
});

test('each page script that is shipped is the same program as its source', () => {
  for (const { name, loaded, shipped } of scripts) {
    expect(programOf(shipped), name).toEqual(programOf(loaded));
  }
});

test('a page script names only what it declares and what browsers have', async () => {
  const folder = await openFolder();
  for (const { name, shipped } of scripts) {
    await writeFile(join(folder, `${name}.js`), `(${shipped});`);
  }
  await writeFile(join(folder, '.oxlintrc.json'), JSON.stringify(UNDEFINED_NAMES));
  const oxlint = resolve('node_modules/.bin/oxlint');
  const linted = run(oxlint, ['--format=unix', '.'], { cwd: folder });
  const { stdout } = await linted.catch((error: { stdout: string }) => error);
  expect(stdout.trim()).toBe('');
});

test('detection, which every document evaluates, stays small', () => {
  expect(askDetection('unsolved').length).toBeLessThan(13_000);
});

const UNDEFINED_NAMES = {
  categories: { correctness: 'off' },
  rules: { 'no-undef': 'error' },
  env: { browser: true, es2024: true },
};

/** Leaves out the positions in the source. */
function programOf(script: string): unknown {
  const text = JSON.stringify(parseAst(`(${script})`), (key, value) =>
    key === 'start' || key === 'end' ? undefined : value,
  );
  return JSON.parse(text);
}
