import { findExecutable, firstExecutable, isExecutable } from './find-executable.ts';

/** Binaries that packages wrap in a shell script: the binary itself starts faster. */
const WELL_KNOWN = ['/usr/lib/chromium/chromium', '/opt/google/chrome/chrome'];
const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * The Chromium to use: `explicit`, else the system's Chromium or Chrome, else Playwright's own.
 * Throws when `explicit` is given and cannot be executed.
 */
export async function findChromium(
  explicit: string | undefined,
  searchPath: string,
): Promise<string | undefined> {
  if (explicit !== undefined) {
    if (await isExecutable(explicit)) return explicit;
    throw new Error(`CHROMIUM_PATH names ${explicit}, which is not an executable file.`);
  }
  return (
    (await firstExecutable(WELL_KNOWN)) ??
    (await findExecutable(COMMANDS, searchPath)) ??
    findPlaywrightChromium()
  );
}

export async function findPlaywrightChromium(): Promise<string | undefined> {
  // Playwright is loaded only when needed: it costs more memory than the rest of the service.
  const { chromium } = await import('playwright-core');
  return firstExecutable([chromium.executablePath()]);
}
