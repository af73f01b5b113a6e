import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { installPackages, run } from './apt.ts';
import { findChromium, findPlaywrightChromium } from './find-chromium.ts';

const PLAYWRIGHT_CLI = join(
  dirname(createRequire(import.meta.url).resolve('playwright-core/package.json')),
  'cli.js',
);
/**
 * Chromium with its driver, which has to be of the same version, its languages, and fonts for what
 * pages are written in: without fonts a screenshot shows boxes. The image has the same packages.
 */
export const PACKAGES = [
  'chromium',
  'chromium-driver',
  'chromium-l10n',
  'fontconfig',
  'fonts-liberation',
  'fonts-noto-cjk',
  'fonts-noto-color-emoji',
];

/**
 * Finds a Chromium or installs one: as root on Debian and Ubuntu the `chromium` package and its
 * driver, elsewhere with Playwright's installer. The progress goes to stderr. Throws an error that
 * names the command to run.
 */
export async function ensureChromium(
  explicit: string | undefined,
  searchPath: string,
  log: Logger,
): Promise<string> {
  const found = await findChromium(explicit, searchPath);
  if (found !== undefined) return found;
  return (
    (await installPackage(searchPath, log)) ??
    (await installWithPlaywright(log)) ??
    fail('No Chromium was found, and it could not be installed.')
  );
}

function fail(reason: string): never {
  throw new Error(
    `${reason} Run "sudo apt-get install --no-install-recommends ${PACKAGES.join(' ')}" (Debian, Ubuntu) or "npx playwright-core install --with-deps chromium", or set CHROMIUM_PATH.`,
  );
}

async function installPackage(searchPath: string, log: Logger): Promise<string | undefined> {
  log.info('no Chromium found: installing the chromium package with apt-get');
  if (!(await installPackages(...PACKAGES))) return undefined;
  return runnable(await findChromium(undefined, searchPath));
}

async function installWithPlaywright(log: Logger): Promise<string | undefined> {
  log.info("no Chromium found: installing one with playwright-core's installer");
  if (!(await run(process.execPath, [PLAYWRIGHT_CLI, 'install', '--no-shell', 'chromium']))) {
    return undefined;
  }
  return runnable(await findPlaywrightChromium());
}

/**
 * Ubuntu's package may be a stub for a snap that is not there; only a Chromium that answers counts.
 */
async function runnable(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    await promisify(execFile)(path, ['--version'], { timeout: 30_000 });
    return path;
  } catch {
    return undefined;
  }
}
