import { expect, test } from 'vitest';
import { filePathProblem, numberedPath } from '../../../src/runtime-manager/runtime/index.ts';

test.for([
  ['a.txt', 'a (1).txt'],
  ['a/b/c.tar.gz', 'a/b/c.tar (1).gz'],
  ['a.b/c', 'a.b/c (1)'],
  ['.env', '.env (1)'],
  ['日本/語.pdf', '日本/語 (1).pdf'],
] as const)('the namesake of %s is %s', ([path, namesake]) => {
  expect(numberedPath(path, '1')).toBe(namesake);
});

test.for([
  'a'.repeat(255),
  `${'a'.repeat(251)}.txt`,
  `${'😀'.repeat(62)}.txt`,
  `a.${'x'.repeat(253)}`,
  `a folder/${'b'.repeat(250)}.txt`,
])('the namesakes of a long name are paths', (path) => {
  expect(filePathProblem(path)).toBeUndefined();
  for (const suffix of ['1', '100', '0b6a5a5e-0b51-4b3c-8b6c-6a2f0c2f8b4d']) {
    const namesake = numberedPath(path, suffix);
    expect(filePathProblem(namesake)).toBeUndefined();
    expect(namesake).toContain(` (${suffix})`);
  }
});
