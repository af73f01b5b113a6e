import { chromium, type Browser } from 'playwright-core';
import { inject } from 'vitest';

/**
 * Each window would load renderers of the browser's own interface, which nobody sees here, and which
 * take half of a window's processor time. Chromium follows its last list only, so this one also has
 * what matters here of Playwright's.
 */
const DISABLED_FEATURES = [
  'WebUIReloadButton',
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'SpareRendererForSitePerProcess',
  'AimEnabled',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'MediaRouter',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
];

/** What a person has: a browser of their own, in which pages of the service are open. */
export function openViewingBrowser(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: inject('chromiumPath'),
    args: [`--disable-features=${DISABLED_FEATURES.join(',')}`, ...args],
  });
}
