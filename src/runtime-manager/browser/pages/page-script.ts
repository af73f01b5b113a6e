import type { PageFunction } from './page-document.ts';

/** Comments that begin and end with a line. */
const COMMENT_LINES = /^[ \t]*(?:\/\/.*|\/\*(?:(?!\*\/)[^])*\*\/)$/gm;

/** What a page script exports: it names nothing from outside of itself but what every page has. */
type PageScript<Args extends unknown[]> = (this: never, ...args: Args) => unknown;

/**
 * The JavaScript of a page script, for pages to evaluate. Node puts spaces in the place of types when
 * it loads TypeScript, so a function's text has none; spaces and comments, which would be sent to every
 * document, are left out. So no string of a page script has two spaces in a row, or a line break.
 */
export function sourceOf(script: PageScript<never>): string {
  return String(script)
    .replaceAll(COMMENT_LINES, '')
    .replaceAll(/\s*\n\s*/g, '\n')
    .replaceAll(/ {2,}/g, ' ');
}

/** A page script with its arguments, which are to be JSON. */
export function pageFunction<Args extends unknown[]>(
  script: PageScript<Args>,
  ...args: Args
): PageFunction {
  return { code: sourceOf(script), args };
}
