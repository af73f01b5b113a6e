import { sourceOf } from '../browser/pages/page-script.ts';

/** A page script, called with arguments of JSON, as an expression. */
export function pageCall<Args extends unknown[]>(
  script: (this: never, ...args: Args) => unknown,
  ...args: Args
): string {
  return `(${sourceOf(script)})(${args.map((arg) => JSON.stringify(arg)).join()})`;
}
