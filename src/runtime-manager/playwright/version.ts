import manifest from 'playwright-core/package.json' with { type: 'json' };

/** Client and server of Playwright's protocol have to share major and minor version. */
export const PLAYWRIGHT_VERSION = manifest.version;
