import type { BrowserIdentity, BrowserSettings } from '../browser/launch-browser.ts';
import { ChromiumLaunchError } from '../browser/chromium.ts';
import { openDeadline, TooSlowError } from '../browser/launch-deadline.ts';
import type { ForwarderOptions } from '../egress/forwarder.ts';
import { launchConfined } from './confined-browser.ts';
import { memoryOf } from './memory.ts';
import { processesUnder } from './process-table.ts';

const NEVER = new AbortController().signal;
const SANDBOX_TROUBLE = /sandbox|namespace/i;
/** The identity of an ephemeral browser. */
export const NO_PROFILE: BrowserIdentity = {
  userDataDir: undefined,
  fingerprint: {},
  isTrial: false,
};

export interface Probed {
  settings: BrowserSettings;
  /** How much memory one browser takes. */
  browserBytes: number;
  /** Such as `156.0.7800.1`. */
  chromiumVersion: string;
}

export async function probe(settings: BrowserSettings, egress: ForwarderOptions): Promise<Probed> {
  try {
    return await launchOnce(settings, egress);
  } catch (cause) {
    const said = cause instanceof ChromiumLaunchError ? cause.output : '';
    if (settings.sandbox && SANDBOX_TROUBLE.test(said)) {
      settings.log.warn('this system denies Chromium its sandbox: it runs without');
      return probe({ ...settings, sandbox: false }, egress);
    }
    throw new Error(
      `Chromium at ${settings.executablePath} does not start: ${describeLaunch(cause)}. ${lastLines(said)}`,
      { cause },
    );
  }
}

async function launchOnce(settings: BrowserSettings, egress: ForwarderOptions): Promise<Probed> {
  // The launch has a deadline of its own, which follows the machine.
  const { browser } = await launchConfined(settings, NO_PROFILE, egress, NEVER);
  using deadline = openDeadline(settings.launchTimeoutMs, undefined);
  deadline.watch(browser.pid);
  const { signal } = deadline;
  try {
    const { product } = await browser.version(signal);
    settings.log.info({ product, sandbox: settings.sandbox }, 'Chromium starts');
    const browserBytes = await memoryOf(await processesUnder(settings.roots.root));
    const windowChromeHeight = await browser.windowChromeHeight(signal);
    const clientHints = await browser.clientHints(signal);
    return {
      settings: { ...settings, windowChromeHeight, clientHints },
      browserBytes,
      chromiumVersion: product.replace(/^.*\//, ''),
    };
  } finally {
    await browser.kill();
  }
}

export function describeLaunch(cause: unknown): string {
  if (cause instanceof TooSlowError) return `the machine is too busy, ${cause.message}`;
  return cause instanceof ChromiumLaunchError
    ? cause.message
    : 'Chromium did not answer in time or went away';
}

function lastLines(said: string): string {
  return said.trim().split('\n').slice(-3).join(' ');
}
