import { expect, test } from 'vitest';
import { ERROR_STATUS } from '../../src/api/http/errors.ts';
import {
  FAILURE_CODES,
  FILE_FAILURE_CODES,
  OPERATION_ERROR_CODES,
} from '../../src/runtime-manager/runtime/index.ts';
import { readProjectFile } from '../support/deploy-files.ts';

const page = await readProjectFile('docs/errors.md');
const [answers = '', ofRuntimes = '', ofOperations = '', ofDownloads = ''] =
  page.split(/^## Failures of /m);

/** The codes in the first column of the tables. */
const codesOf = (part: string) => [...part.matchAll(/^\| `([a-z_.]+)`/gm)].map(([, code]) => code);

test('the docs list every code of an answer, with its status', () => {
  const rows = answers.matchAll(/^\| (\d+) +\| `([a-z_.]+)` +\| \S.*\| \S.*\|$/gm);
  const listed = [...rows].map(([, status, code]) => [code, Number(status)]);
  expect(new Set(listed.map(([code]) => code)).size).toBe(listed.length);
  expect(Object.fromEntries(listed)).toEqual(ERROR_STATUS);
});

test('the docs list every code with which a runtime can fail', () => {
  const list = ofRuntimes.slice(ofRuntimes.indexOf('\n- '));
  const others = [...list.matchAll(/`([a-z_.]+)`/g)].map(([, code]) => code);
  expect([...codesOf(ofRuntimes), ...others]).toEqual([...FAILURE_CODES]);
});

test('the docs list every code with which an operation can fail', () => {
  expect(codesOf(ofOperations)).toEqual([...OPERATION_ERROR_CODES]);
});

test('the docs list every code with which a download can fail', () => {
  expect(codesOf(ofDownloads)).toEqual([...FILE_FAILURE_CODES]);
});
