import type { Logger } from 'pino';
import { ensureChromedriver, ensureChromium, findFfmpeg } from '../../runtime-manager/index.ts';
import type { Config } from './config.ts';

/** The programs that browsers are made of. */
export interface Executables {
  executablePath: string;
  /** Without one, WebDriver is not available. */
  chromedriverPath: string | undefined;
  /** Without one, no videos are recorded. */
  ffmpegPath: string | undefined;
}

/** Finds programs as configured, or on the search path; installs Chromium and chromedriver where it can. */
export async function findExecutables(
  config: Pick<Config, 'chromiumPath' | 'chromedriverPath' | 'ffmpegPath' | 'searchPath'>,
  log: Logger,
): Promise<Executables> {
  const { searchPath } = config;
  const executablePath = await ensureChromium(config.chromiumPath, searchPath, log);
  const chromedriverPath = await ensureChromedriver(
    config.chromedriverPath,
    searchPath,
    executablePath,
    log,
  );
  const ffmpegPath = await findFfmpeg(config.ffmpegPath, searchPath);
  return { executablePath, chromedriverPath, ffmpegPath };
}
