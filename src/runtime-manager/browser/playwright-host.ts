/**
 * The process that serves Playwright's own protocol for one browser. It is told a CDP address,
 * answers with the websocket that `chromium.connect()` takes, and ends with the service or the
 * browser, whichever goes first. Its temporary files (uploads, traces) go to the runtime's TMPDIR.
 */
import { chromium } from 'playwright-core';
import { z } from 'zod';

const Start = z.object({ cdpUrl: z.string() });

async function serve(cdpUrl: string): Promise<string> {
  const browser = await chromium.connectOverCDP(cdpUrl);
  browser.on('disconnected', () => process.exit(0));
  const { endpoint } = await browser.bind('bctrl', { host: '127.0.0.1', port: 0 });
  return endpoint;
}

process.once('disconnect', () => process.exit(0));
process.once('message', (message) => {
  const { cdpUrl } = Start.parse(message);
  serve(cdpUrl).then(
    (endpoint) => process.send?.({ endpoint }),
    (error: unknown) => process.send?.({ error: String(error) }, () => process.exit(1)),
  );
});
