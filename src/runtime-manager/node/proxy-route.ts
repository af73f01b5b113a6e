import type { Logger } from 'pino';
import type { Route } from '../egress/route.ts';
import type { BrowserMachine, MachineBrowser } from '../machine/browser-machine.ts';
import type { Proxy } from '../runtime/launch.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { RuntimeRecord } from './runtime-record.ts';

export interface ProxyRouteParts {
  machine: Pick<BrowserMachine, 'checkRoute'>;
  record: RuntimeRecord;
  log: Logger;
}

/** Where the traffic of one runtime goes. */
export class ProxyRoute {
  readonly #parts: ProxyRouteParts;
  #proxy: Proxy | undefined;
  /** Changes are made one at a time. */
  #changing: Promise<unknown> = Promise.resolve();

  constructor(parts: ProxyRouteParts) {
    this.#parts = parts;
  }

  /** The proxy that the traffic goes through now. */
  get proxy(): Proxy | undefined {
    return this.#proxy;
  }

  /** A route through a proxy, or directly, to what the runtime may reach. */
  by(proxy: Proxy | undefined): Route {
    return { proxy, rules: this.#parts.record.runtime.egress ?? {} };
  }

  /** Lets a browser out by a route that was checked. */
  open(browser: MachineBrowser, route: Route): void {
    browser.forwarder.setRoute(route);
    this.#proxy = route.proxy;
  }

  /**
   * Sends the traffic another way, once the proxy has let us in; connections that went the old way
   * are closed. Throws the error that the proxy is refused with, or what `RuntimeRecord.setProxy`
   * throws.
   */
  change(browser: MachineBrowser, proxy: Proxy | undefined, signal: AbortSignal): Promise<Runtime> {
    const changed = this.#changing.then(() => this.#change(browser, proxy, signal));
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  async #change(
    browser: MachineBrowser,
    proxy: Proxy | undefined,
    signal: AbortSignal,
  ): Promise<Runtime> {
    signal.throwIfAborted();
    const { machine, record, log } = this.#parts;
    const route = this.by(proxy);
    await machine.checkRoute(route, signal);
    const runtime = await record.setProxy(proxy);
    this.open(browser, route);
    const data = { proxy: runtime.proxy ?? null };
    log.info(data, 'the proxy was changed');
    record.note({ type: 'runtime.proxy_changed', data });
    return runtime;
  }
}
