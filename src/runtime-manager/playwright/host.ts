/**
 * The process that serves Playwright's own protocol for one browser. The service tells it a CDP
 * address and the port of the browser's way out; the process answers with the websocket that
 * `chromium.connect()` takes, and ends with the service or the browser, whichever goes first. Its
 * temporary files (uploads, traces, videos) go to the runtime's files.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { remote, server, type ServerBrowser } from 'playwright-core/lib/coreBundle';
import { z } from 'zod';
import { onTask } from './helper-task.ts';
import { confineNetwork } from './network.ts';
import { recordWith } from './video.ts';

const Start = z.object({
  cdpUrl: z.url(),
  proxyPort: z.int(),
  /** Whether the browser finds proxies that Playwright opens in this process. */
  offersProxies: z.boolean(),
  /** Undefined: this machine has no ffmpeg. */
  ffmpegPath: z.string().optional(),
});

/**
 * What `chromium.launchServer()` does, with a browser that runs already. `isServer`: the client's
 * files are on another machine, so its paths mean nothing here, and the client gets no commands for
 * paths.
 * `isLocal`: the browser finds the files that are kept here.
 */
async function serve({ cdpUrl, proxyPort, ...given }: z.infer<typeof Start>): Promise<string> {
  confineNetwork(proxyPort, [Number(new URL(cdpUrl).port)]);
  const { chromium } = server.createPlaywright({ sdkLanguage: 'javascript', isServer: true });
  const artifactsDir = await mkdtemp(join(tmpdir(), 'artifacts-'));
  recordWith(given.ffmpegPath, artifactsDir);
  const options = { endpointURL: cdpUrl, isLocal: true, artifactsDir };
  const browser = await chromium.connectOverCDP(server.nullProgress, options);
  browser.on('disconnected', () => process.exit(0));
  confineContexts(browser, given.offersProxies);
  const playwright = new remote.PlaywrightServer({
    mode: 'launchServerShared',
    path: `/${randomUUID()}`,
    maxConnections: Infinity,
    preLaunchedBrowser: browser,
  });
  return playwright.listen(0, '127.0.0.1');
}

/** Refuses here, since Playwright's command does not say which of the two a client asked for. */
function confineContexts(browser: ServerBrowser, offersProxies: boolean): void {
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (progress, options) => {
    if (options.proxy !== undefined) {
      throw new Error("A context has no proxy of its own here: the runtime's is for all of them.");
    }
    if (options.clientCertificates?.length && !offersProxies) {
      throw new Error('Client certificates are offered only where browsers run in jails.');
    }
    return newContext(progress, options);
  };
}

onTask(async (task) => ({ endpoint: await serve(Start.parse(task)) }));
