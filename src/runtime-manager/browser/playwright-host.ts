/**
 * The process that serves Playwright's own protocol for one browser. It is told a CDP address and
 * the port of the browser's way out, answers with the websocket that `chromium.connect()` takes, and
 * ends with the service or the browser, whichever goes first. Its temporary files (uploads, traces)
 * go to the runtime's TMPDIR.
 */
import { chromium } from 'playwright-core';
import { z } from 'zod';
import { confineNetwork } from './playwright-network.ts';

const Start = z.object({ cdpUrl: z.url(), proxyPort: z.int() });

async function serve({ cdpUrl, proxyPort }: z.infer<typeof Start>): Promise<string> {
  confineNetwork(proxyPort, [Number(new URL(cdpUrl).port)]);
  const browser = await chromium.connectOverCDP(cdpUrl);
  browser.on('disconnected', () => process.exit(0));
  const { endpoint } = await browser.bind('bctrl', { host: '127.0.0.1', port: 0 });
  return endpoint;
}

process.once('disconnect', () => process.exit(0));
process.once('message', (message) => {
  serve(Start.parse(message)).then(
    (endpoint) => process.send?.({ endpoint }),
    (error: unknown) => process.send?.({ error: String(error) }, () => process.exit(1)),
  );
});
