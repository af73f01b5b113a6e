import { chromium, type BrowserContext } from 'playwright-core';
import { z } from 'zod';
import { confineNetwork } from './network.ts';
import { Peer, type PeerMethod } from './peer.ts';

const Start = z.object({ cdpUrl: z.url(), proxyPort: z.int() });
const GivenPath = z.string();
const GIVE_MS = 60_000;

let service: Peer | undefined;

/** In a helper process: carries out what the service calls. The process ends with the service. */
export function serveCalls(methods: Record<string, PeerMethod>): void {
  service = new Peer({ input: process.stdin, output: process.stdout }, methods);
  process.stdin.once('close', () => process.exit());
  // A page that goes away fails calls that nobody waits for any more.
  process.on('unhandledRejection', () => undefined);
}

/**
 * Connects to the browser that a start names, and gives this process no other way out than the
 * browser's; the process ends with the browser. Throws when the browser does not answer.
 */
export async function connectContext(params: unknown): Promise<BrowserContext> {
  const { cdpUrl, proxyPort } = Start.parse(params);
  confineNetwork(proxyPort, [Number(new URL(cdpUrl).port)]);
  const browser = await chromium.connectOverCDP(cdpUrl, { isLocal: true });
  browser.on('disconnected', () => process.exit());
  const [context] = browser.contexts();
  if (!context) throw new Error('the browser has no default context');
  return context;
}

/** Where this process and the browser find a file of the runtime, by its id or its name. */
export async function givenFile(path: string): Promise<string> {
  if (!service) throw new Error('nobody calls this process');
  const given = await service.call('giveFile', { path }, AbortSignal.timeout(GIVE_MS));
  return GivenPath.parse(given);
}
