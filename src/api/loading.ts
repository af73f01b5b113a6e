/**
 * Loaded before everything else, by `--import`: to load some 1,500 files would be half of what a start,
 * or a command, costs.
 */
import { enableCompileCache, registerHooks } from 'node:module';
import { join } from 'node:path';

/**
 * For every file that is imported, Node 24 looks for the package that it belongs to, and parses the
 * whole list of what that package exports; Drizzle's is 180 KB long. Where a file imports another one
 * by its path, and this tells of what kind it is, there is nothing to look up.
 */
const KINDS = [
  { path: /^\.{1,2}\/.*\.ts$/, from: /^(?!.*\/node_modules\/)/, format: 'module-typescript' },
  { path: /^\.{1,2}\/.*\.mjs$/, from: /\/node_modules\//, format: 'module' },
  { path: /^\.{1,2}\/.*\.js$/, from: /\/node_modules\/(drizzle-orm|zod)\//, format: 'module' },
] as const;

registerHooks({
  resolve: (specifier, context, next) => {
    const parent = context.parentURL ?? '';
    const kind = KINDS.find(({ path, from }) => path.test(specifier) && from.test(parent));
    if (!kind) return next(specifier, context);
    const url = new URL(specifier, parent).href;
    return { url, format: kind.format, shortCircuit: true };
  },
});

// Files are compiled, and their types stripped, at the first start only. Whoever can write there can
// write our files, too, unlike in the directory for temporary files.
enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/compiled'));
