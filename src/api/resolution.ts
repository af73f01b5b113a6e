/**
 * Loaded before everything else, by `--import`. For every file that is imported, Node 24 parses the
 * whole list of what its package exports. Drizzle's list is 180 KB long, and a start imports hundreds
 * of its files, which took a third of a start's processor time. Where such a file imports another one
 * by its path, there is nothing to look up.
 */
import { registerHooks } from 'node:module';

const DRIZZLE = /\/node_modules\/drizzle-orm\/.*\.js$/;
const PATH = /^\.{1,2}\/.*\.js$/;

registerHooks({
  resolve: (specifier, context, next) => {
    const { parentURL } = context;
    if (parentURL === undefined || !DRIZZLE.test(parentURL) || !PATH.test(specifier)) {
      return next(specifier, context);
    }
    return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true };
  },
});
