import { RuntimeError } from '../errors.ts';
import { startChromedriver, type Chromedriver, type DriverAnswer } from './chromedriver.ts';
import type { Connection } from './connections.ts';
import type { EndpointsOptions, HttpRequest } from './endpoints.ts';
import { inspectBody } from './webdriver-inspection.ts';
import { attachInstead, publishSession } from './webdriver-session.ts';
import type { BridgeTarget } from './websocket-bridge.ts';

/**
 * What is handed on. A way to create a session that is not recognized as one would start whatever
 * the client names, and `/shutdown` is not for clients.
 */
const SERVED = /^\/(?:status|session|session\/[\w-]+(?:\/[^%]*)?)$/;
const SESSION = /^\/session\/[\w-]+$/;
const OF_SESSION = /^\/session\/([\w-]+)/;
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

export type WebDriverOptions = EndpointsOptions & {
  /** Aborts when the runtime ends. */
  closing: AbortSignal;
};

/** W3C WebDriver for one browser: a chromedriver, started by the first session. */
export class WebDriverEndpoint implements AsyncDisposable {
  readonly #options: WebDriverOptions;
  readonly #debuggerAddress: () => Promise<string>;
  readonly #sessions = new Map<string, Disposable>();
  readonly #ports = new DisposableStack();
  #driver: Promise<Chromedriver> | undefined;

  constructor(options: WebDriverOptions, debuggerAddress: () => Promise<string>) {
    this.#options = options;
    this.#debuggerAddress = debuggerAddress;
  }

  /** Sessions attach to the browser and leave it running; all else is the driver's to answer. */
  async answer(connection: Connection, { method, path, base, body }: HttpRequest) {
    const [pathname = ''] = path.split('?', 1);
    if (!SERVED.test(pathname)) throw notServed();
    if (method === 'POST' && pathname === '/session') return this.#attach(connection, base, body);
    const inspected = inspectBody(pathname, body, this.#options.files);
    const answer = await this.#send(method, path, inspected);
    const [, sessionId = ''] = OF_SESSION.exec(pathname) ?? [];
    if (isOver(method, pathname, answer)) this.#detach(sessionId);
    return new Response(new Uint8Array(answer.body), {
      status: answer.status,
      headers: { 'content-type': answer.type },
    });
  }

  /** Where the WebDriver BiDi socket of a session is. */
  async bidiTarget(path: string): Promise<BridgeTarget> {
    const driver = await this.#driver;
    if (driver && SESSION.test(path)) return { port: driver.port, path };
    throw notServed();
  }

  async #attach(connection: Connection, base: string, wanted: Buffer): Promise<Response> {
    const body = attachInstead(wanted, await this.#debuggerAddress());
    const answer = await this.#send('POST', '/session', body);
    const published = publishSession(answer.body, base);
    const shown = published?.body ?? answer.body;
    if (published) {
      const { sessionId } = published;
      this.#sessions.set(
        sessionId,
        connection.attach('selenium', () => this.#detach(sessionId)),
      );
    }
    return new Response(new Uint8Array(shown), { status: answer.status, headers: JSON_TYPE });
  }

  #detach(sessionId: string): void {
    this.#sessions.get(sessionId)?.[Symbol.dispose]();
    this.#sessions.delete(sessionId);
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
      // Of several commands that fail with one driver, only the first may make room for the next.
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

  /** One that fails or goes away is started anew by the next request. */
  #start(): Promise<Chromedriver> {
    const { chromedriverPath, closing } = this.#options;
    if (closing.aborted) throw new RuntimeError('runtime.not_active', 'The runtime is over.');
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

  async #startDriver(path: string): Promise<Chromedriver> {
    const { env, closing, ownPorts } = this.#options;
    const driver = await startChromedriver(path, env, closing);
    this.#ports.use(ownPorts.hold(driver.port));
    return driver;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using _ports = this.#ports;
    const driver = await this.#driver?.catch(() => undefined);
    await driver?.[Symbol.asyncDispose]();
    this.#detachAll();
  }
}

/** Ended by its client, by the end of its last window, or gone by itself. */
function isOver(method: string, pathname: string, { status, body }: DriverAnswer): boolean {
  if (status === 404) return body.includes('"invalid session id"');
  if (method !== 'DELETE') return false;
  return SESSION.test(pathname) || (pathname.endsWith('/window') && body.includes('"value":[]'));
}

function notServed(): RuntimeError {
  return new RuntimeError('connection.not_found', 'Nothing is served at this address.');
}
