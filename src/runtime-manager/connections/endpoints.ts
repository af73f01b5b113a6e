import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { DebuggingEndpoint } from '../browser/chromium.ts';
import type { OwnPorts } from '../egress/own-ports.ts';
import { RuntimeError } from '../errors.ts';
import type { Humanizer } from '../humanize/humanizer.ts';
import { DRIVERS, type Driver } from '../lifecycle.ts';
import { cdpPathOf, discover } from './cdp-discovery.ts';
import { CdpGate } from './cdp-gate.ts';
import { inspectCdp } from './cdp-inspection.ts';
import type { Role, RuntimeFiles } from './cdp-policy.ts';
import type { Connection, Protocol } from './connections.ts';
import {
  assertPlaywrightClient,
  startPlaywrightServer,
  type PlaywrightServer,
} from './playwright-server.ts';
import { WebDriverEndpoint } from './webdriver-endpoint.ts';
import { inspectBidi } from './webdriver-inspection.ts';
import {
  GOING_AWAY,
  WebSocketBridge,
  type BridgeOptions,
  type BridgeTarget,
  type Inspection,
} from './websocket-bridge.ts';

export interface EndpointsOptions {
  endpoint: DebuggingEndpoint;
  /** What of the machine's files is the runtime's own. */
  files: RuntimeFiles;
  /** What helper processes get as their environment. */
  env: Record<string, string>;
  /** Undefined: there is none on this machine. */
  chromedriverPath: string | undefined;
  /** The port on loopback that is the browser's only way out, and a helper's too. */
  proxyPort: number;
  /** Where the ports of helpers are made known. */
  ownPorts: OwnPorts;
}

/** A request for a websocket, as Node hands it over. */
export interface SocketRequest {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
  /** Below the connection's address, with its query. */
  path: string;
}

export interface HttpRequest {
  method: string;
  /** Below the connection's address, with its query. */
  path: string;
  /** The connection's address as the client sees it: an http(s) URL without a slash at its end. */
  base: string;
  body: Buffer;
}

/**
 * All the ways to speak to one browser. CDP reaches it directly; Playwright's server and
 * chromedriver are started on first use and reach it through a gate of ours, so that what clients
 * may do is decided in one place.
 */
export class Endpoints implements AsyncDisposable {
  /** Who acts for all clients that come from now on; without one, they act as they ask. */
  humanizer: Humanizer | undefined;
  readonly #options: EndpointsOptions;
  readonly #webdriver: WebDriverEndpoint;
  readonly #closing = new AbortController();
  readonly #gates = new Map<Role, Promise<CdpGate>>();
  #playwright: Promise<PlaywrightServer> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: EndpointsOptions) {
    this.#options = options;
    this.#webdriver = new WebDriverEndpoint(
      { ...options, closing: this.#closing.signal },
      async () => {
        const gate = await this.#openGate('helper');
        return `127.0.0.1:${gate.port}`;
      },
    );
  }

  /** Joins a client with what it asked for; resolves when it has gone. */
  async connect(connection: Connection, asked: SocketRequest): Promise<void> {
    const { request, socket, head } = asked;
    const target = await this.#targetOf(connection.protocol, asked);
    if (socket.destroyed) return;
    if (connection.closed) throw new RuntimeError('runtime.not_active', connection.closed);
    const bridge = new WebSocketBridge(request, socket, head, target, {
      onActivity: () => connection.touch(),
      inspect: this.#inspectionOf(connection),
      act: connection.protocol === 'cdp' ? this.#act : undefined,
    });
    using _attached = connection.attach(driverOf(connection.protocol, request), (reason) =>
      bridge.close(GOING_AWAY, reason),
    );
    await bridge.ended;
  }

  /** Answers what a client asks over plain HTTP at the address of a connection. */
  async answer(connection: Connection, asked: HttpRequest): Promise<Response> {
    connection.touch();
    switch (connection.protocol) {
      case 'cdp':
        return discover(this.#options.endpoint, { ...asked, access: connection.access });
      case 'webdriver':
        return this.#webdriver.answer(connection, asked);
      case 'playwright':
        throw new RuntimeError('connection.unsupported', 'This address takes websockets only.');
    }
  }

  /** Helpers speak for their clients through gates, where these are acted for. */
  get #act(): BridgeOptions['act'] {
    const { humanizer } = this;
    return humanizer && ((wire) => humanizer.open(wire));
  }

  /** Playwright's protocol is spoken to a helper that is inspected itself, behind the gate. */
  #inspectionOf({ protocol, access }: Connection): Inspection | undefined {
    const { files } = this.#options;
    if (protocol === 'cdp') return inspectCdp(access, files);
    if (protocol === 'webdriver') return inspectBidi(files, this.humanizer !== undefined);
    return undefined;
  }

  async #targetOf(protocol: Protocol, { request, path }: SocketRequest): Promise<BridgeTarget> {
    const { endpoint } = this.#options;
    switch (protocol) {
      case 'cdp':
        return { port: endpoint.port, path: cdpPathOf(path.split('?', 1)[0] ?? '', endpoint) };
      case 'webdriver':
        return this.#webdriver.bidiTarget(path);
      case 'playwright':
        assertPlaywrightClient(request);
        return (await this.#openPlaywright()).target;
    }
  }

  #openGate(role: Role): Promise<CdpGate> {
    if (this.#closing.signal.aborted) {
      throw new RuntimeError('runtime.not_active', 'The runtime is over.');
    }
    const { endpoint, files, ownPorts } = this.#options;
    const known = this.#gates.get(role);
    const gate = known ?? CdpGate.open(endpoint, role, { files, ownPorts, act: this.#act });
    if (!known) this.#gates.set(role, gate);
    return gate;
  }

  /** One that fails or goes away is started anew by the next client. */
  #openPlaywright(): Promise<PlaywrightServer> {
    this.#playwright ??= this.#startPlaywright().catch((error: unknown) => {
      this.#playwright = undefined;
      throw error;
    });
    return this.#playwright;
  }

  async #startPlaywright(): Promise<PlaywrightServer> {
    const { files, env, proxyPort, ownPorts } = this.#options;
    const gate = await this.#openGate('control');
    const url = `ws://127.0.0.1:${gate.port}`;
    const { signal } = this.#closing;
    const task = { cdpUrl: url, proxyPort };
    const server = await startPlaywrightServer(task, files.directory, env, signal);
    const held = ownPorts.hold(server.target.port);
    void server.exited.then(() => {
      held[Symbol.dispose]();
      this.#playwright = undefined;
    });
    return server;
  }

  /** What is just starting is ended too. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#webdriver[Symbol.asyncDispose]();
    for (const helper of [this.#playwright, ...this.#gates.values()]) {
      const opened = await helper?.catch(() => undefined);
      await opened?.[Symbol.asyncDispose]();
    }
  }
}

/** Clients of CDP say who they are, if they do, in their user agent. */
function driverOf(protocol: Protocol, { headers }: IncomingMessage): Driver | undefined {
  if (protocol === 'playwright') return 'playwright';
  if (protocol === 'webdriver') return 'selenium';
  const agent = headers['user-agent']?.toLowerCase() ?? '';
  return DRIVERS.find((driver) => agent.includes(driver));
}
