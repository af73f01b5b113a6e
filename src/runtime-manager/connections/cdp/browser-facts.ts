import { z } from 'zod';
import type { DebuggingEndpoint } from '../../browser/chromium.ts';
import { discover } from './cdp-discovery.ts';

const Version = z.looseObject({ Browser: z.string() });
const PLATFORM_NAMES: Partial<Record<NodeJS.Platform, string>> = { darwin: 'mac' };

/** Facts about a browser, which no capability of WebDriver changes. */
export interface BrowserFacts {
  /** Such as `156.0.8078.108`. */
  version: string;
  /** In the words of WebDriver, such as `linux`. */
  platformName: string;
}

/** Throws `connection.failed` when the browser does not answer. */
export async function factsOf(endpoint: DebuggingEndpoint): Promise<BrowserFacts> {
  const look = { method: 'GET', path: '/json/version', base: 'http://browser' };
  const found = await discover(endpoint, { ...look, access: 'control' });
  const { Browser } = Version.parse(await found.json());
  return {
    version: Browser.replace(/^[^/]*\//, ''),
    platformName: PLATFORM_NAMES[process.platform] ?? process.platform,
  };
}
