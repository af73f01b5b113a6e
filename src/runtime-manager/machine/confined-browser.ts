import type { Socket } from 'node:net';
import type { Browser } from '../browser/browser.ts';
import {
  launchBrowser,
  type BrowserIdentity,
  type BrowserSettings,
} from '../browser/launch-browser.ts';
import { offeredPort } from '../connections/cdp/context-proxy.ts';
import { Forwarder, type ForwarderOptions } from '../egress/forwarder.ts';

/** A browser whose only way out is a forwarder, which has no route yet. */
export interface ConfinedBrowser {
  browser: Browser;
  forwarder: Forwarder;
  /** From now on `join` takes the connections to proxies of contexts, each with the port that it is for. */
  joinContexts: (join: JoinContext) => void;
}

type JoinContext = (socket: Socket, port: number) => void;

/** The forwarder ends with the browser. Throws what `launchBrowser` throws. */
export async function launchConfined(
  settings: BrowserSettings,
  identity: BrowserIdentity,
  egress: ForwarderOptions,
  signal: AbortSignal,
): Promise<ConfinedBrowser> {
  using stack = new DisposableStack();
  const forwarder = stack.use(new Forwarder(egress));
  let join: JoinContext | undefined;
  const socks = (socket: Socket) => {
    const port = offeredPort(socket.localAddress);
    if (port === undefined) forwarder.acceptSocks(socket);
    else if (join) join(socket, port);
    else socket.destroy();
  };
  const accept = { http: forwarder.acceptHttp, socks };
  const browser = await launchBrowser(settings, { ...identity, accept }, signal);
  forwarder.keepFrom(browser.endpoint.port);
  browser.own(forwarder);
  stack.move();
  const joinContexts = (joined: JoinContext) => void (join = joined);
  return { browser, forwarder, joinContexts };
}
