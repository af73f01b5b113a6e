import { expect, test } from 'vitest';
import { z } from 'zod';
import { Environment } from '../../src/api/config/environment.ts';
import { readProjectFile } from '../support/deploy-files.ts';
import { blocksOf, paragraphsOf, readPages } from '../support/pages.ts';

const README_BYTES = 10_240;
const COLUMNS = 100;
const PARAGRAPH_LINES = 5;

const pages = await readPages();

test('the README is at most 10 KB', async () => {
  expect(Buffer.byteLength(await readProjectFile('README.md'))).toBeLessThanOrEqual(README_BYTES);
});

test.for(pages)('no paragraph of $path is longer than five lines', (page) => {
  const long = paragraphsOf(page).filter((text) => text.length > PARAGRAPH_LINES * COLUMNS);
  expect(long).toEqual([]);
});

/** What is about the parts of the service, or for people with a mouse. */
const WITHOUT_COMMANDS =
  /^(?:[A-Z]+\.md|docs\/(?:README|how-it-works|console)\.md|docs\/decisions\/.*)$/;

test.for(pages)('$path begins with an example', (page) => {
  if (WITHOUT_COMMANDS.test(page.path)) return;
  const [block] = blocksOf(page);
  const before = page.text.slice(0, page.text.indexOf('```'));
  expect(before.match(/^#+ /gm)).toHaveLength(1);
  expect(block?.language).toMatch(/^(?:sh|js|json)$/);
});

test.for(pages)('$path names only scripts and variables that there are', async ({ text }) => {
  const manifest = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await readProjectFile('package.json')));
  const compose = await readProjectFile('docker-compose.cluster.yml');
  const variables = [
    ...Object.keys(Environment.shape),
    ...[...compose.matchAll(/\$\{(\w+)/g)].map(([, name]) => name),
    'BCTRL_URL',
  ];
  for (const [, name] of text.matchAll(/npm run (?:-s |--silent )?([a-z:-]+)\b(?! -w)/g)) {
    expect(Object.keys(manifest.scripts)).toContain(name);
  }
  for (const [name] of text.matchAll(/\b(?:BCTRL|NATS)_[A-Z\d_]+\b(?!\*)/g)) {
    expect(variables).toContain(name);
  }
});
