import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { z } from 'zod';
import { startPlaywright, type PlaywrightOptions } from '../playwright/process.ts';
import { PLAYWRIGHT_VERSION } from '../playwright/version.ts';
import { RuntimeError } from '../errors.ts';
import type { BridgeTarget } from './websocket/websocket-bridge.ts';

const HOST = new URL('../playwright/host.ts', import.meta.url);
const START_TIMEOUT_MS = 30_000;

const Started = z.union([z.object({ endpoint: z.url() }), z.object({ error: z.string() })]);

/** Throws `connection.version_mismatch` for a client that would misunderstand the server. */
export function assertPlaywrightClient({ headers }: IncomingMessage): void {
  const [, theirs] = /Playwright\/(\d+\.\d+\S*)/.exec(headers['user-agent'] ?? '') ?? [];
  if (theirs === undefined || minorOf(theirs) === minorOf(PLAYWRIGHT_VERSION)) return;
  throw new RuntimeError(
    'connection.version_mismatch',
    `Playwright ${theirs} cannot connect to Playwright ${PLAYWRIGHT_VERSION}: use ${minorOf(PLAYWRIGHT_VERSION)} here, or any version with connectOverCDP and the cdpUrl.`,
    { details: { client: theirs, server: PLAYWRIGHT_VERSION } },
  );
}

function minorOf(version: string): string {
  return version.split('.', 2).join('.');
}

/** Playwright's server for one browser, in a process of its own. */
export interface PlaywrightServer extends AsyncDisposable {
  /** Where `chromium.connect()` is served, with a connection to it. */
  openTarget(): Promise<BridgeTarget>;
  /** Connects to a port that the server listens at. */
  dial(port: number): Promise<Socket>;
  exited: Promise<unknown>;
}

/** `accept` leads to the browser and, as a proxy, to the outside; `program` is the ffmpeg to use. */
export async function startPlaywrightServer(
  options: PlaywrightOptions,
  { offersProxies, closing }: { offersProxies: boolean; closing: AbortSignal },
): Promise<PlaywrightServer> {
  const server = await startPlaywright(HOST, options);
  try {
    const signal = AbortSignal.any([closing, AbortSignal.timeout(START_TIMEOUT_MS)]);
    const [cdpPort, proxyPort] = server.ports;
    const cdpUrl = `ws://127.0.0.1:${cdpPort}`;
    const task = { cdpUrl, proxyPort, offersProxies, ffmpegPath: options.program };
    const started = Started.parse(await server.ask(task, signal));
    if ('error' in started) throw new Error(started.error);
    const { port, pathname } = new URL(started.endpoint);
    const dial = server.reach(Number(port));
    return {
      openTarget: async () => ({ path: pathname, upstream: await dial() }),
      dial: (at) => server.reach(at)(),
      exited: server.exited,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (cause) {
    await server[Symbol.asyncDispose]();
    throw new RuntimeError('connection.failed', "Playwright's server did not start.", { cause });
  }
}
