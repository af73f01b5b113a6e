import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { RuntimeError } from '../errors.ts';
import { splice } from '../egress/splice.ts';
import { ClientActing } from '../humanize/client-acting.ts';
import type { Humanizer } from '../humanize/humanizer.ts';
import { DRIVERS, type Driver } from '../runtime/lifecycle.ts';
import { Control } from '../control/control.ts';
import { ControlCommands } from '../control/control-commands.ts';
import { HeldInput } from '../control/held-input.ts';
import { actingTogether } from './cdp/acting-together.ts';
import { cdpPathOf, discover } from './cdp/cdp-discovery.ts';
import { CdpGate } from './cdp/cdp-gate.ts';
import { inspectCdp } from './cdp/cdp-inspection.ts';
import { judge, type Role, type Verdict } from './cdp/cdp-policy.ts';
import { ClientTabs, TabUse } from './cdp/client-tabs.ts';
import type { DriverConnection } from './connections.ts';
import type { DriverProtocol } from '../runtime/access.ts';
import { PageEmulation } from './cdp/page-emulation.ts';
import { PausedTargets } from './cdp/paused-targets.ts';
import { QuietCommands } from './cdp/quiet-commands.ts';
import { SharedActing, type SharedState } from './cdp/shared-acting.ts';
import { HeldClosings, TabClosings } from './cdp/tab-closings.ts';
import { startPlaywright, type PlaywrightProcess } from '../playwright/process.ts';
import {
  assertPlaywrightClient,
  startPlaywrightServer,
  type PlaywrightServer,
} from './playwright-server.ts';
import type { HttpRequest, SocketRequest } from './requests.ts';
import { assertRightAddress, refuseWrongClients } from './wrong-address.ts';
import { WebDriverEndpoint, type WebDriverOptions } from './webdriver/webdriver-endpoint.ts';
import { inspectBidi } from './webdriver/webdriver-inspection.ts';
import {
  GOING_AWAY,
  WebSocketBridge,
  type Acting,
  type BridgeOptions,
  type BridgeTarget,
  type Inspection,
} from './websocket/websocket-bridge.ts';

export interface EndpointsOptions extends Omit<WebDriverOptions, 'closing'> {
  shared: SharedState;
  /** Undefined: no videos are recorded. */
  ffmpegPath: string | undefined;
  /** Takes a helper's connections to the outside, as an HTTP proxy. */
  acceptProxied: (socket: Socket) => void;
}

/**
 * All the ways to speak to one browser. Clients of CDP reach it directly. Playwright's server,
 * chromedriver and the BiDi server are started on first use, and reach the browser through a gate of
 * ours, so that what clients may do is decided in one place.
 */
export class Endpoints implements AsyncDisposable {
  /** Whether programs may give input now. */
  readonly control = new Control();
  readonly clientTabs = new ClientTabs();
  readonly tabClosings = new TabClosings();
  /** Acts for all clients that come from now on; without it, their input passes as it is. */
  humanizer: Humanizer | undefined;
  readonly #options: EndpointsOptions;
  readonly #webdriver: WebDriverEndpoint;
  readonly #closing = new AbortController();
  readonly #gates = new Map<Role, CdpGate>();
  /** One for each client of CDP that may control. */
  readonly #acting = new Set<Acting>();
  readonly #emulation = new Set<PageEmulation>();
  readonly #helpers = new Set<PlaywrightProcess>();
  #playwright: Promise<PlaywrightServer> | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: EndpointsOptions) {
    this.#options = options;
    this.#webdriver = new WebDriverEndpoint(
      { ...options, closing: this.#closing.signal },
      (socket) => this.#openGate('webdriver').accept(socket),
    );
  }

  /** Joins a client with what it asked for; resolves when the client has gone. */
  async connect(connection: DriverConnection, asked: SocketRequest): Promise<void> {
    const { request, socket, headers, onOpen } = asked;
    const { protocol, path } = this.#spokenAt(connection, asked.path);
    const target = await this.#targetOf(protocol, { ...asked, path });
    if (socket.destroyed) return;
    if (connection.closed) throw new RuntimeError('runtime.not_active', connection.closed);
    using commands = connection.follow();
    const bridge = new WebSocketBridge(asked, target, {
      onActivity: () => connection.touch(),
      commands,
      inspect: this.#inspectionOf({ protocol, access: connection.access }, { ...asked, path }),
      act: protocol === 'cdp' ? this.#actFor(connection.access, pageIdIn(target)) : undefined,
      holdsOthers: () => connection.access === 'control' && this.#acting.size > 1,
      headers,
      onOpen,
    });
    const driver = driverOf(connection.protocol, request);
    // Playwright shows the close frame's reason, and takes a failed command for the page's failure.
    const isTold = protocol === 'cdp' && driver !== 'playwright';
    const close = (reason: string) =>
      bridge.close(GOING_AWAY, reason, isTold ? commands.failures(reason) : []);
    using _attached = connection.attach(driver, close);
    using _joined =
      connection.protocol === 'webdriver' ? this.#webdriver.join(asked.path, close) : undefined;
    await bridge.ended;
  }

  /** Judges a command as that of a client that may control. */
  judge(method: string, params: Record<string, unknown>): Verdict {
    return judge({ id: 0, method, params }, 'control', this.#options.files);
  }

  /** Sends once more what clients emulate by these commands, which someone else has set and left. */
  repeatEmulation(...methods: string[]): void {
    for (const emulation of this.#emulation) emulation.repeat(new Set(methods));
  }

  /** Joins a connection of the browser with the port that Playwright's server listens at. */
  joinPlaywright(socket: Socket, port: number): void {
    socket.on('error', () => socket.destroy());
    const join = async () => {
      const server = await this.#playwright;
      if (server) splice(socket, await server.dial(port));
      else socket.destroy();
    };
    join().catch(() => socket.destroy());
  }

  /** Answers what a client asks over plain HTTP at the address of a connection. */
  async answer(connection: DriverConnection, asked: HttpRequest): Promise<Response> {
    const { pathname } = new URL(asked.path, 'http://runtime');
    assertRightAddress(connection.protocol, asked.method, pathname);
    switch (connection.protocol) {
      case 'cdp':
        return discover(this.#options.endpoint, { ...asked, access: connection.access });
      case 'webdriver':
        return this.#answerWebDriver(connection, asked);
      case 'playwright':
        throw new RuntimeError('connection.unsupported', 'This URL accepts only websockets.');
    }
  }

  /** Throws `runtime.not_active` when the end of the runtime or connection cut the command off. */
  async #answerWebDriver(connection: DriverConnection, asked: HttpRequest): Promise<Response> {
    try {
      const answer = await this.#webdriver.answer(connection, asked);
      if (connection.closed === undefined) return answer;
    } catch (error) {
      if (connection.closed === undefined) throw error;
    }
    throw new RuntimeError('runtime.not_active', connection.closed);
  }

  /** Whether a path below the connection's address is about an open session of that connection. */
  isInSession(connection: DriverConnection, path: string): boolean {
    return this.#webdriver.isOpen(connection, path);
  }

  /** What a client speaks, and where: a WebDriver session has a CDP address below its own. */
  #spokenAt(
    connection: DriverConnection,
    path: string,
  ): { protocol: DriverProtocol; path: string } {
    if (connection.protocol === 'webdriver') {
      const below = this.#webdriver.cdpBelow(connection, path);
      if (below !== undefined) return { protocol: 'cdp', path: below };
    }
    return { protocol: connection.protocol, path };
  }

  /** Begins to act for a client of CDP, or for a helper at its gate. */
  #actFor(role: Role, pageId?: string): BridgeOptions['act'] {
    const { control, humanizer } = this;
    // Whoever observes neither gives input nor sets anything.
    if (role === 'observe') return undefined;
    return (wire) => {
      const quiet = new QuietCommands(wire);
      const actors: Acting[] = [
        new ControlCommands(control, wire),
        new SharedActing(this.#options.shared, role, wire),
        new TabUse(this.clientTabs, pageId),
        new HeldClosings(this.tabClosings, wire),
        new PausedTargets(quiet, () => this.#acting.size < 2),
        new PageEmulation(quiet, this.#emulation),
        quiet,
      ];
      const humanized =
        humanizer && new ClientActing(humanizer, wire, (command) => acting.sent(command));
      if (humanized) actors.unshift(humanized);
      const next = actingTogether(actors, () => this.#acting.delete(acting));
      const interrupt = humanized && (() => humanized.interrupt());
      const acting = new HeldInput({ control, wire, quiet, next, interrupt });
      this.#acting.add(acting);
      return acting;
    };
  }

  /** Playwright's own messages are not inspected here: the gate inspects what its server sends. */
  #inspectionOf(
    { protocol, access }: Pick<DriverConnection, 'protocol' | 'access'>,
    { path, request }: SocketRequest,
  ): Inspection | undefined {
    const { files } = this.#options;
    if (protocol === 'cdp') return inspectCdp(access, files);
    if (protocol === 'webdriver') {
      const isHumanized = this.humanizer !== undefined;
      return inspectBidi({ files, isHumanized, end: () => this.#webdriver.end(path) });
    }
    // Playwright's own client sends this header; any other may speak another protocol.
    const isPlaywright = request.headers['x-playwright-browser'] !== undefined;
    return isPlaywright ? undefined : refuseWrongClients('playwright');
  }

  async #targetOf(
    protocol: DriverProtocol,
    { request, path }: SocketRequest,
  ): Promise<BridgeTarget> {
    const { endpoint } = this.#options;
    switch (protocol) {
      case 'cdp':
        return {
          path: cdpPathOf(path.split('?', 1)[0] ?? '', endpoint),
          upstream: await endpoint.dial(),
        };
      case 'webdriver':
        return this.#webdriver.bidiTarget(path);
      case 'playwright':
        assertPlaywrightClient(request);
        return (await this.#openPlaywright()).openTarget();
    }
  }

  #openGate(role: Role): CdpGate {
    const { endpoint, files } = this.#options;
    const gate =
      this.#gates.get(role) ?? new CdpGate(endpoint, role, { files, act: this.#actFor(role) });
    this.#gates.set(role, gate);
    return gate;
  }

  /** When Playwright's server fails or goes away, the next client starts another. */
  #openPlaywright(): Promise<PlaywrightServer> {
    this.#playwright ??= this.#startPlaywright().catch((error: unknown) => {
      this.#playwright = undefined;
      throw error;
    });
    return this.#playwright;
  }

  /**
   * Starts a helper that reaches the browser by its first port, inspected as clients are, and the
   * outside by its second, a proxy. It is the caller's to end, and ends with the browser at the latest.
   */
  async startHelper(module: URL): Promise<PlaywrightProcess> {
    this.#assertOpen();
    const { directory, jail, env, acceptProxied } = this.#options;
    const accept = [this.#openGate('playwright').accept, acceptProxied];
    const helper = await startPlaywright(module, { jail, directory, env, accept });
    this.#helpers.add(helper);
    void helper.exited.then(() => this.#helpers.delete(helper));
    if (!this.#closing.signal.aborted) return helper;
    await helper[Symbol.asyncDispose]();
    throw over();
  }

  #assertOpen(): void {
    if (this.#closing.signal.aborted) throw over();
  }

  async #startPlaywright(): Promise<PlaywrightServer> {
    this.#assertOpen();
    const { directory, jail, env, acceptProxied, ffmpegPath, files } = this.#options;
    const { accept } = this.#openGate('playwright');
    const server = await startPlaywrightServer(
      { jail, directory, env, accept: [accept, acceptProxied], program: ffmpegPath },
      { offersProxies: files.contextProxyPort !== undefined, closing: this.#closing.signal },
    );
    void server.exited.then(() => {
      this.#playwright = undefined;
    });
    return server;
  }

  /** Also ends the helpers that are just starting. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    this.control[Symbol.dispose]();
    await this.#webdriver[Symbol.asyncDispose]();
    const playwright = await this.#playwright?.catch(() => undefined);
    await playwright?.[Symbol.asyncDispose]();
    await Promise.all([...this.#helpers].map((helper) => helper[Symbol.asyncDispose]()));
    for (const gate of this.#gates.values()) gate[Symbol.dispose]();
  }
}

function over(): RuntimeError {
  return new RuntimeError('runtime.not_active', 'The runtime has ended.');
}

/** The page that a connection leads to; undefined for one to the browser itself. */
function pageIdIn({ path }: BridgeTarget): string | undefined {
  return /^\/devtools\/page\/(\w+)/.exec(path)?.[1];
}

/** Clients of CDP name themselves in their user agent, if at all. */
function driverOf(protocol: DriverProtocol, { headers }: IncomingMessage): Driver | undefined {
  if (protocol === 'playwright') return 'playwright';
  if (protocol === 'webdriver') return 'selenium';
  const agent = headers['user-agent']?.toLowerCase() ?? '';
  return DRIVERS.find((driver) => agent.includes(driver));
}
