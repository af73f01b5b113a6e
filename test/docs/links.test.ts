import { access } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readProjectFile } from '../support/deploy-files.ts';
import { proseOf, readPages } from '../support/pages.ts';

const root = new URL('../../', import.meta.url);
const pages = await readPages();

test.for(pages)('the links of $path lead somewhere', async (page) => {
  const links = [...proseOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)];
  for (const [, link = '', fragment] of links) {
    const { pathname } = new URL(link || page.path.replace(/^.*\//, ''), new URL(page.path, root));
    await expect(access(pathname), link).resolves.toBeUndefined();
    if (fragment === undefined) continue;
    const path = pathname.slice(root.pathname.length);
    const target = { path, text: await readProjectFile(path) };
    expect(fragmentsOf(proseOf(target)), `${link}#${fragment}`).toContain(fragment);
  }
});

test('every page of docs is in a table of contents', async () => {
  for (const folder of ['docs/', 'docs/deploy/', 'docs/decisions/']) {
    const contents = await readProjectFile(`${folder}README.md`);
    const missing = pages
      .filter(({ path }) => path.startsWith(folder))
      .map(({ path }) => path.slice(folder.length))
      .filter((name) => !name.includes('/') && name !== 'README.md')
      .filter((name) => !contents.includes(`](${name})`));
    expect(missing).toEqual([]);
  }
});

/** The fragments of a page's headings, as GitHub makes them. */
function fragmentsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(/\s/g, '-'),
  );
}
