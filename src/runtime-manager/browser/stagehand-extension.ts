import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * Stagehand works from an extension that it loads into the browser, by a path on the client's
 * machine. This is the one of the service's own copy of the library.
 */
export const STAGEHAND_EXTENSION = join(
  dirname(findPackageJSON('@browserbasehq/stagehand', import.meta.url) ?? ''),
  'dist/extension',
);
