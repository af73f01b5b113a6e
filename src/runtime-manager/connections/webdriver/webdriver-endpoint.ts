import type { Socket } from 'node:net';
import type { BrowserDirectory } from '../../browser/browser-directory.ts';
import { helperMounts } from '../../browser/browser-mounts.ts';
import type { DebuggingEndpoint } from '../../browser/chromium.ts';
import { seenPart } from '../../browser/own-files.ts';
import { Uploads } from '../../browser/uploads.ts';
import { RuntimeError } from '../../errors.ts';
import type { Jail } from '../../machine/jail/jail.ts';
import { startBidiServer, type BidiServer } from '../bidi/bidi-server.ts';
import { factsOf } from '../cdp/browser-facts.ts';
import { discover } from '../cdp/cdp-discovery.ts';
import type { RuntimeFiles } from '../cdp/cdp-policy.ts';
import { parseJson } from '../parse-json.ts';
import { startChromedriver, type Chromedriver } from './chromedriver.ts';
import type { Connection } from '../connections.ts';
import type { HttpRequest } from '../requests.ts';
import type { PlainAnswer } from '../request-over.ts';
import { placeWindow } from '../cdp/session-window.ts';
import { grant } from './webdriver-capabilities.ts';
import { webdriverError, WebDriverError } from './webdriver-errors.ts';
import { inspectBody } from './webdriver-inspection.ts';
import { bidiCapabilities, publishSession, sessionIdIn, toAttach } from './webdriver-session.ts';
import { takeUpload, uploadSessionOf } from './webdriver-upload.ts';
import type { BridgeTarget } from '../websocket/websocket-bridge.ts';

/**
 * The paths that are served. A request for a session that is not recognized as one would start
 * whatever the client names, and `/shutdown` is not for clients. chromedriver ignores slashes at the
 * end of a path.
 */
const SERVED = /^\/(?:status|session|session\/[\w-]+(?:\/[^%/]+)*)$/;
const SESSION = /^\/session\/[\w-]+$/;
const OF_SESSION = /^\/session\/([\w-]+)/;
/** The CDP address in a session's answer: Selenium recognizes it by the end of this path. */
const CDP = /^(\/session\/[\w-]+)\/se\/cdp(?![^/?])(.*)$/;
const JSON_TYPE = 'application/json; charset=utf-8';

export interface WebDriverOptions {
  endpoint: DebuggingEndpoint;
  /** Which of the machine's files are the runtime's own. */
  files: RuntimeFiles;
  directory: BrowserDirectory;
  /** Where helpers run. */
  jail: Jail;
  /** The environment of helpers, beside the variables that name the directory. */
  env: Record<string, string>;
  /** Undefined: there is none on this machine. */
  chromedriverPath: string | undefined;
  /** Aborts when the runtime ends. */
  closing: AbortSignal;
}

/** A session that is open. */
interface Session {
  /** The connection that the session was made on. */
  connection: Connection;
  attached: Disposable;
  /** The capabilities of its BiDi sockets; undefined: it has none. */
  bidi: Record<string, unknown> | undefined;
  /** Each tells one of the session's BiDi sockets to go. */
  sockets: Set<(reason: string) => void>;
}

const OVER = 'The session is over.';
const WRONG_ADDRESS =
  "This is a runtime's webdriverUrl, which Selenium and webdriverio take as it is. Puppeteer and Playwright's connectOverCDP take its cdpUrl, Playwright's connect its playwrightUrl.";
const NO_BIDI =
  'The session is over, or has no WebDriver BiDi: ask for that by the capability webSocketUrl: true.';

/**
 * W3C WebDriver for one browser: a chromedriver, started by the first session, and a BiDi server,
 * started by the first socket. chromedriver's own BiDi would be a page of the browser that holds a
 * channel of CDP, which any client could take.
 */
export class WebDriverEndpoint implements AsyncDisposable {
  readonly #options: WebDriverOptions;
  readonly #acceptDebugging: (socket: Socket) => void;
  readonly #sessions = new Map<string, Session>();
  #driver: Promise<Chromedriver> | undefined;
  #bidi: Promise<BidiServer> | undefined;

  /** `acceptDebugging` takes the driver's connections to the browser. */
  constructor(options: WebDriverOptions, acceptDebugging: (socket: Socket) => void) {
    this.#options = options;
    this.#acceptDebugging = acceptDebugging;
  }

  /** Sessions attach to the browser and leave it running; chromedriver answers everything else. */
  async answer(connection: Connection, asked: HttpRequest): Promise<Response> {
    try {
      return await this.#answer(connection, asked);
    } catch (error) {
      if (error instanceof WebDriverError) return webdriverError(error.code, error.message);
      throw error;
    }
  }

  async #answer(connection: Connection, { method, path, base, body }: HttpRequest) {
    const [pathname = ''] = path.split('?', 1);
    const [, session = '', cdp] = CDP.exec(path) ?? [];
    if (cdp !== undefined) {
      this.#assertOpen(connection, session);
      const found = { method, path: cdp, base: `${base}${session}/se/cdp` };
      return discover(this.#options.endpoint, { ...found, access: connection.access });
    }
    if (!SERVED.test(pathname)) throw notServed(WRONG_ADDRESS);
    if (method === 'POST' && pathname === '/session') return this.#attach(connection, base, body);
    const uploadedTo = uploadSessionOf(method, pathname);
    if (uploadedTo !== undefined) return this.#upload(connection, uploadedTo, body);
    const inspected = inspectBody(pathname, body, this.#options.files);
    const answer = await this.#send(method, path, inspected);
    if (isOver(method, pathname, answer)) this.#detach(idOf(pathname));
    return respond(answer.status, answer.body, answer.type);
  }

  /** Where the WebDriver BiDi socket of a session is served, with a connection to it. */
  async bidiTarget(path: string): Promise<BridgeTarget> {
    if (!SESSION.test(path)) throw notServed(WRONG_ADDRESS);
    const bidi = this.#find(path)?.bidi;
    if (!bidi) throw notServed(NO_BIDI);
    const { dial } = await this.#startBidi();
    return {
      path: `${path}?capabilities=${encodeURIComponent(JSON.stringify(bidi))}`,
      upstream: await dial(),
    };
  }

  /**
   * The path below a session's own CDP address, for a websocket there; undefined for every other
   * path. Throws `connection.not_found` when the connection has no such session.
   */
  cdpBelow(connection: Connection, path: string): string | undefined {
    const [, session = '', below] = CDP.exec(path) ?? [];
    if (below !== undefined && !this.isOpen(connection, session)) {
      throw notServed(OVER);
    }
    return below;
  }

  /** Follows a socket, which has to go when its session does, until the result is disposed. */
  join(path: string, close: (reason: string) => void): Disposable {
    const session = this.#find(path);
    if (session) session.sockets.add(close);
    else close(OVER);
    return { [Symbol.dispose]: () => session?.sockets.delete(close) };
  }

  /** Ends a session for a client of BiDi, as `DELETE` does. */
  end(path: string): void {
    const ended = this.#send('DELETE', path, Buffer.alloc(0)).catch(() => undefined);
    void ended.then(() => this.#detach(idOf(path)));
  }

  #find(path: string): Session | undefined {
    return this.#sessions.get(idOf(path));
  }

  async #attach(connection: Connection, base: string, wanted: Buffer): Promise<Response> {
    const { debuggerAddress } = await this.#start();
    const facts = await factsOf(this.#options.endpoint);
    const granted = grant(parseJson(wanted), facts);
    const answer = await this.#send('POST', '/session', toAttach(granted, debuggerAddress));
    const sessionId = sessionIdIn(answer.body);
    if (sessionId === undefined) return respond(answer.status, answer.body);
    await placeWindow((...command) => this.#send(...command), sessionId, granted.window);
    const bidi = bidiCapabilities(granted);
    const attached = connection.attach('selenium', (reason) => this.#detach(sessionId, reason));
    this.#sessions.set(sessionId, { connection, attached, bidi, sockets: new Set() });
    const { platformName } = facts;
    const said = publishSession(answer.body, { base, platformName, hasBidi: granted.bidi });
    return respond(answer.status, said);
  }

  async #upload(connection: Connection, sessionId: string, body: Buffer): Promise<Response> {
    this.#assertOpen(connection, `/session/${sessionId}`);
    return takeUpload(body, new Uploads(this.#options.files), this.#options.closing);
  }

  /** Whether a session is this connection's own: sessions of others may outlast the connection. */
  isOpen(connection: Connection, path: string): boolean {
    return this.#find(path)?.connection === connection;
  }

  #assertOpen(connection: Connection, path: string): void {
    if (this.isOpen(connection, path)) return;
    throw new WebDriverError('invalid session id', 'There is no such session here.');
  }

  #detach(sessionId: string, reason = OVER): void {
    const session = this.#sessions.get(sessionId);
    this.#sessions.delete(sessionId);
    session?.attached[Symbol.dispose]();
    for (const close of session?.sockets ?? []) close(reason);
  }

  #detachAll(): void {
    for (const sessionId of this.#sessions.keys()) this.#detach(sessionId);
  }

  async #send(method: string, path: string, body: Buffer) {
    const starting = this.#start();
    const driver = await starting;
    try {
      return await driver.send(method, path, body);
    } catch (cause) {
      // When several commands fail with one driver, only the first may make room for another driver.
      if (this.#driver === starting) {
        this.#driver = undefined;
        this.#detachAll();
      }
      await driver[Symbol.asyncDispose]();
      throw new RuntimeError('connection.failed', 'chromedriver went away; sessions are lost.', {
        cause,
      });
    }
  }

  /** When chromedriver fails or goes away, the next request starts another. */
  #start(): Promise<Chromedriver> {
    const { chromedriverPath, closing } = this.#options;
    if (closing.aborted) throw new RuntimeError('runtime.not_active', 'The runtime has ended.');
    if (chromedriverPath === undefined) {
      throw new RuntimeError(
        'connection.unavailable',
        'WebDriver is not available: this machine has no chromedriver (set CHROMEDRIVER_PATH or install chromium-driver).',
      );
    }
    this.#driver ??= this.#startDriver(chromedriverPath).catch((error: unknown) => {
      this.#driver = undefined;
      throw error;
    });
    return this.#driver;
  }

  #startDriver(executablePath: string): Promise<Chromedriver> {
    const { directory, jail, env, closing } = this.#options;
    return startChromedriver(
      {
        executablePath,
        jail,
        directory: directory.path,
        env: { ...env, ...directory.env, TMPDIR: seenPart(directory.files, 'chromedriver') },
        mounts: helperMounts(directory, 'chromedriver'),
        accept: [this.#acceptDebugging],
      },
      closing,
    );
  }

  /** When the BiDi server fails or goes away, the next socket starts another. */
  #startBidi(): Promise<BidiServer> {
    this.#bidi ??= this.#startBidiServer().catch((error: unknown) => {
      this.#bidi = undefined;
      throw error;
    });
    return this.#bidi;
  }

  async #startBidiServer(): Promise<BidiServer> {
    const { env, closing, jail, directory } = this.#options;
    const options = { jail, directory, env, accept: [this.#acceptDebugging] };
    const server = await startBidiServer(options, closing);
    void server.exited.then(() => {
      this.#bidi = undefined;
    });
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const helper of [this.#driver, this.#bidi]) {
      const started = await helper?.catch(() => undefined);
      await started?.[Symbol.asyncDispose]();
    }
    this.#detachAll();
  }
}

/** Whether a session ended by its client, by the end of its last window, or by itself. */
function isOver(method: string, pathname: string, { status, body }: PlainAnswer): boolean {
  if (status === 404) return body.includes('"invalid session id"');
  if (method !== 'DELETE') return false;
  return SESSION.test(pathname) || (pathname.endsWith('/window') && body.includes('"value":[]'));
}

function idOf(path: string): string {
  const [, id = ''] = OF_SESSION.exec(path) ?? [];
  return id;
}

function respond(status: number, body: Buffer, type = JSON_TYPE): Response {
  return new Response(new Uint8Array(body), { status, headers: { 'content-type': type } });
}

function notServed(why: string): RuntimeError {
  return new RuntimeError('connection.not_found', why);
}
