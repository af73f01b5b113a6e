import { readdir } from 'node:fs/promises';
import { readProjectFile } from './deploy-files.ts';

const ROOT_PAGES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md'];

/** A page of the documentation, and where it is in the repository. */
export interface Page {
  path: string;
  text: string;
}

/** A fenced block of a page. */
export interface Block {
  language: string;
  /** What the info string says after the language. */
  marks: string[];
  text: string;
  /** `docs/files.md:12`, for messages. */
  place: string;
}

/** Every page that is written for readers, in the order of its path. */
export async function readPages(): Promise<Page[]> {
  const names = await readdir(new URL('../../docs', import.meta.url), { recursive: true });
  const paths = names.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
  return Promise.all(
    [...ROOT_PAGES, ...paths.toSorted()].map(async (path) => ({
      path,
      text: await readProjectFile(path),
    })),
  );
}

/** The blocks of a page, from top to bottom; those in list items lose the indent of their fence. */
export function blocksOf({ path, text }: Page): Block[] {
  return [...text.matchAll(/^( *)```(.*)\n((?:.*\n)*?)\1```$/gm)].map((found) => {
    const [, indent = '', info = '', body = ''] = found;
    const [language = '', ...marks] = info.split(' ');
    const line = text.slice(0, found.index).split('\n').length;
    const lines = body.split('\n').map((one) => one.replace(indent, ''));
    return { language, marks, text: lines.join('\n'), place: `${path}:${line}` };
  });
}

/** The languages of blocks that a test runs, unless they are marked `not-run`. */
const RUN = ['sh', 'js', 'python'];

export function isRun({ language, marks }: Block): boolean {
  return RUN.includes(language) && !marks.includes('not-run');
}

/** The paragraphs and list items of a page: all but its headings, tables and blocks. */
export function paragraphsOf(page: Page): string[] {
  return proseOf(page)
    .split(/\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )/)
    .map((text) => text.replaceAll(/\s+/g, ' ').trim())
    .filter((text) => text !== '' && !/^(?:\||#)/.test(text));
}

/** The page without its blocks. */
export function proseOf({ text }: Pick<Page, 'text'>): string {
  return text.replaceAll(/^( *)```.*\n(?:.*\n)*?\1```$/gm, '');
}
