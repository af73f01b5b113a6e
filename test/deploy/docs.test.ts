import { access, readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Environment } from '../../src/api/config/environment.ts';
import { readProjectFile } from '../support/deploy-files.ts';

const root = new URL('../../', import.meta.url);
const pages = (await readdir(new URL('docs/deploy', root))).map((name) => `docs/deploy/${name}`);

/** The fragments of a page's headings, as GitHub makes them. */
function fragmentsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(/\s/g, '-'),
  );
}

test.for([...pages, 'README.md', 'SECURITY.md'])('the links of %s lead somewhere', async (page) => {
  const text = await readProjectFile(page);
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
  for (const [, path = '', fragment] of links) {
    const { pathname } = new URL(path || page.replace(/^.*\//, ''), new URL(page, root));
    await expect(access(pathname), path).resolves.toBeUndefined();
    if (fragment === undefined) continue;
    const target = await readProjectFile(pathname.slice(root.pathname.length));
    expect(fragmentsOf(target), `${path}#${fragment}`).toContain(fragment);
  }
});

test.for(pages)('%s begins with a command', async (page) => {
  const text = await readProjectFile(page);
  const [before = '', command] = text.split('```sh\n', 2);
  expect(before.match(/^#+ /gm)).toHaveLength(1);
  expect(command).toMatch(/^\S/);
});

test.for(pages)('the variables of %s are there', async (page) => {
  const compose = await readProjectFile('docker-compose.cluster.yml');
  const known = [
    ...Object.keys(Environment.shape),
    ...[...compose.matchAll(/\$\{(\w+)/g)].map(([, name]) => name),
  ];
  const text = await readProjectFile(page);
  for (const [name] of text.matchAll(/\b(?:BCTRL|NATS)_[A-Z\d_]+\b(?!\*)/g)) {
    expect(known).toContain(name);
  }
});
