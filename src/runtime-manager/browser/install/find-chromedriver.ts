import type { Logger } from 'pino';
import { installPackages } from './apt.ts';
import { findExecutable, isExecutable } from './find-executable.ts';

/** Where Debian's Chromium lies, whose driver is a package of the same version. */
const DEBIAN_CHROMIUM = ['/usr/lib/chromium/', '/usr/bin/chromium'];

/**
 * The chromedriver to use: `explicit`, else the system's, else Debian's package is installed beside
 * Debian's Chromium. Undefined, with a warning, when there is none: all but WebDriver works.
 * Throws when `explicit` is given and cannot be executed.
 */
export async function ensureChromedriver(
  explicit: string | undefined,
  searchPath: string,
  chromiumPath: string,
  log: Logger,
): Promise<string | undefined> {
  if (explicit !== undefined) {
    if (await isExecutable(explicit)) return explicit;
    throw new Error(`CHROMEDRIVER_PATH names ${explicit}, which is not an executable file.`);
  }
  const found = await findExecutable(['chromedriver'], searchPath);
  if (found !== undefined) return found;
  if (DEBIAN_CHROMIUM.some((path) => chromiumPath.startsWith(path))) {
    log.info('no chromedriver found: installing the chromium-driver package with apt-get');
    await installPackages('chromium-driver');
  }
  const installed = await findExecutable(['chromedriver'], searchPath);
  if (installed === undefined) log.warn('no chromedriver found: WebDriver is not available');
  return installed;
}
