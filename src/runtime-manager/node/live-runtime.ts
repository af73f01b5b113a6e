import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Place } from './admission.ts';
import type { Captchas } from '../captchas/captchas.ts';
import { Connections, type Connection } from '../connections/connections.ts';
import type { Endpoints } from '../connections/endpoints.ts';
import { RuntimeError } from '../errors.ts';
import type { Extension } from '../extensions/extension.ts';
import type { Extensions } from '../extensions/extensions.ts';
import type { NewEvent } from '../runtime/events.ts';
import type { PageObservers } from './page-observers.ts';
import type { RuntimeEvents } from './runtime-events.ts';
import { humanizerFor } from '../humanize/humanizer.ts';
import type { RuntimeMetrics } from '../metrics.ts';
import type { BrowserExit, MachineBrowser, BrowserMachine } from '../machine/browser-machine.ts';
import { ProfileSession } from '../profiles/profile-session.ts';
import type { Profiles } from '../profiles/profiles.ts';
import type { Route } from '../egress/route.ts';
import type { BrowserConfig, Proxy } from '../runtime/launch.ts';
import { failure, failureOf } from '../runtime/failures.ts';
import { Lifetime } from './lifetime.ts';
import { runningMove } from './running-move.ts';
import { abortReason, endOf, CLOSE_REASONS, type RecentEnds } from './runtime-ends.ts';
import { RuntimeRecord, type RuntimeEnd } from './runtime-record.ts';
import type { RuntimeStore } from '../runtime/runtime-store.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** How long an answer waits for the record of an end, after the browser was ended. */
const RECORD_TIMEOUT_MS = 5000;
/** All who waited for it hung up before it was up. */
const ABANDONED = { to: 'failed', failure: failure('runtime.abandoned') } as const;

export interface LiveRuntimeParts {
  machine: BrowserMachine;
  store: RuntimeStore;
  events: RuntimeEvents;
  observers: PageObservers;
  metrics: RuntimeMetrics;
  profiles: Profiles;
  extensions: Extensions;
  /** What a client's command may be delayed by, to be done as a person would. */
  humanizeMaxDelayMs: number;
  /** For how long a command of a client that is not answered counts as use. */
  openCommandMs: number;
  captchas: Captchas;
  ends: RecentEnds;
  log: Logger;
}

/**
 * One active runtime: it owns the browser and is the only one to move the record. However many
 * ends come at once (stop, a dying browser, shutdown), the first decides and all wait for it.
 */
export class LiveRuntime {
  readonly connections: Connections;
  readonly #parts: LiveRuntimeParts;
  readonly #log: Logger;
  readonly #place: Place;
  readonly #record: RuntimeRecord;
  readonly #profile: ProfileSession | undefined;
  readonly #release: () => void;
  readonly #warm: MachineBrowser | undefined;
  readonly #launching = new AbortController();
  readonly #browserEnded = Promise.withResolvers<void>();
  #started: Promise<Runtime> | undefined;
  #bringingUp: Promise<Runtime> | undefined;
  #browser: MachineBrowser | undefined;
  #lifetime: Lifetime | undefined;
  /** Of the browser that runs, until the end begins. */
  #captchas: Disposable | undefined;
  /** What the traffic goes through now. */
  #proxy: Proxy | undefined;
  #ended: Promise<Runtime> | undefined;
  /** The proxy is changed by one at a time. */
  #changing: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /**
   * `release` is called once, when the runtime has ended. `warm` is the browser of a runtime that
   * was recorded as running at once.
   */
  constructor(
    runtime: Runtime,
    parts: LiveRuntimeParts,
    {
      place,
      release,
      warm,
    }: { place: Place; release: () => void; warm?: MachineBrowser | undefined },
  ) {
    this.#warm = warm;
    this.#parts = parts;
    this.#place = place;
    this.#release = release;
    this.#log = parts.log.child({ runtimeId: runtime.id });
    this.#record = new RuntimeRecord(runtime, parts.store, this.#log, ({ id }) =>
      parts.events.wake(id),
    );
    this.#profile =
      runtime.profileId === undefined
        ? undefined
        : new ProfileSession(runtime, runtime.profileId, parts.profiles, this.#log);
    this.connections = new Connections({
      attached: (connection, driver) => {
        if (driver) this.#record.setDriver(driver);
        this.#note('runtime.connected', connection, { driver: driver ?? null });
      },
      detached: (connection) => this.#note('runtime.disconnected', connection),
    });
  }

  /** As it was last recorded. */
  get runtime(): Runtime {
    return this.#record.runtime;
  }

  /** The ways to the browser; undefined before it runs and from the first end on. */
  get endpoints(): Endpoints | undefined {
    return this.#ended ? undefined : this.#browser?.endpoints;
  }

  get browser(): MachineBrowser | undefined {
    return this.#browser;
  }

  /** Settles when the end is recorded; undefined before there is one. */
  get ended(): Promise<Runtime> | undefined {
    return this.#ended;
  }

  /** From when it runs until its end begins. */
  get lifetime(): Lifetime | undefined {
    return this.#ended ? undefined : this.#lifetime;
  }

  /**
   * Sends the browser's traffic another way, once the proxy has let us in; connections that went the
   * old way are closed. Throws `runtime.not_active`, `service.unavailable`, or what the proxy is
   * refused for.
   */
  setProxy(proxy: Proxy | undefined): Promise<Runtime> {
    const changed = this.#changing.then(() => this.#changeProxy(proxy));
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  /**
   * Launches the browser when there is room. Throws what the launch fails with,
   * `runtime.no_capacity`, or why it was ended meanwhile.
   */
  start(): Promise<Runtime> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /**
   * As `start`, but gives the launch up when the signals of all callers have aborted; a caller
   * without one never gives it up.
   */
  async startFor(signal: AbortSignal | undefined): Promise<Runtime> {
    this.#waiting++;
    const leave = () => {
      if (--this.#waiting === 0) this.#endByItself(ABANDONED);
    };
    if (signal?.aborted) leave();
    else signal?.addEventListener('abort', leave, { once: true });
    try {
      return await this.start();
    } finally {
      signal?.removeEventListener('abort', leave);
    }
  }

  /**
   * Ends the runtime and resolves with its final record, when the browser is ended. Throws
   * `service.unavailable` when the record has to wait.
   */
  async end(end: RuntimeEnd): Promise<Runtime> {
    this.#ended ??= this.#finish(end).finally(this.#release);
    await this.#browserEnded.promise;
    return Promise.race([this.#ended, unrecorded()]);
  }

  /** Ends the runtime because its time is over. */
  expire(reason: 'idle' | 'expired'): void {
    if (this.#ended) return;
    this.#record.note({ type: 'runtime.expired', data: { reason } });
    this.#endByItself({ to: 'stopped', reason });
  }

  /** Begins or ends to record what happens in pages, as it is wanted now. */
  updateObservation(): void {
    this.#browser?.pages.setObserved(this.#parts.observers.has(this.runtime.id));
  }

  async #start(): Promise<Runtime> {
    try {
      this.#bringingUp = this.#bringUp();
      const runtime = await this.#bringingUp;
      this.#lifetime = this.#beginLifetime(runtime);
      return runtime;
    } catch (error) {
      await this.end({ to: 'failed', failure: failureOf(error) }).catch(() => undefined);
      throw error;
    }
  }

  #beginLifetime(limits: Runtime): Lifetime | undefined {
    const { connections, browser } = this;
    return browser && new Lifetime({ ...this.#parts, limits, connections, browser });
  }

  async #bringUp(): Promise<Runtime> {
    const { metrics, machine } = this.#parts;
    const { signal } = this.#launching;
    // Whatever ends the runtime from now on ends it too.
    this.#browser = this.#warm;
    try {
      await metrics.time('queue', () => this.#place.ready());
      signal.throwIfAborted();
      if (this.#warm) return await this.#runWith(this.#warm);
      if (this.runtime.state === 'accepted') await this.#record.move({ to: 'launching' });
      const profile = await this.#profile?.begin();
      const route = this.#routeOf(this.#config.proxy ?? undefined);
      const checked = metrics.time('proxy', () => machine.checkRoute(route, signal));
      checked.catch((error: unknown) => this.#launching.abort(error));
      const extensions = await this.#resolveExtensions();
      const spec = { profile, extensions };
      const browser = await metrics.time('browser', () => machine.launch(spec, signal));
      await this.#use(browser, route, checked);
      return await metrics.time('store', () => this.#record.move(runningMove(browser, route)));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw this.#profile ? await this.#profile.explain(error) : error;
    }
  }

  async #runWith(browser: MachineBrowser): Promise<Runtime> {
    await this.#use(browser, this.#routeOf(undefined));
    return this.runtime;
  }

  /** Makes a browser the runtime's own, and opens its way out once that is `checked`. */
  async #use(browser: MachineBrowser, route: Route, checked?: Promise<void>): Promise<void> {
    this.#place.launched();
    this.#browser = browser;
    const { humanizeMaxDelayMs } = this.#parts;
    browser.endpoints.humanizer = humanizerFor(this.runtime, this.#config, humanizeMaxDelayMs);
    browser.forwarder.onFailure = (event) => this.#record.note(event);
    this.#profile?.follow(browser);
    void browser.exited.then((exit) => this.#exited(exit));
    const watching = this.#follow(browser, this.#launching.signal);
    watching.catch(() => undefined); // It may fail while the check is waited for.
    await checked;
    browser.forwarder.setRoute(route);
    this.#proxy = route.proxy;
    await watching;
  }

  async #resolveExtensions(): Promise<Extension[]> {
    const { launch, organizationId } = this.runtime;
    const ids = launch.mode === 'ephemeral' ? launch.extensionIds : this.#profile?.extensionIds;
    return this.#parts.extensions.resolve(organizationId, ids ?? []);
  }

  get #config(): BrowserConfig {
    const { launch } = this.runtime;
    return (launch.mode === 'ephemeral' ? launch.config : this.#profile?.config) ?? {};
  }

  #routeOf(proxy: Proxy | undefined): Route {
    return { proxy, rules: this.runtime.egress ?? {} };
  }

  async #changeProxy(proxy: Proxy | undefined): Promise<Runtime> {
    const browser = this.#browser;
    const { signal } = this.#launching;
    if (!browser || signal.aborted) {
      throw new RuntimeError('runtime.not_active', 'The runtime does not run.');
    }
    const route = this.#routeOf(proxy);
    await this.#parts.machine.checkRoute(route, signal);
    const runtime = await this.#record.setProxy(proxy);
    browser.forwarder.setRoute(route);
    this.#proxy = proxy;
    const data = { proxy: runtime.proxy ?? null };
    this.#log.info(data, 'the proxy was changed');
    this.#record.note({ type: 'runtime.proxy_changed', data });
    return runtime;
  }

  async #follow({ pages }: MachineBrowser, signal: AbortSignal): Promise<void> {
    const note = (event: NewEvent) => this.#record.note(event);
    const defaultPage = (pageId: string | undefined) => this.#record.setDefaultPage(pageId);
    pages.follow({ defaultPage, event: note });
    this.updateObservation();
    const parts = { pages, proxy: () => this.#proxy, note, log: this.#log };
    const captchas = this.#parts.captchas.open(this.runtime, parts);
    this.#captchas = captchas;
    if (this.#config.solveCaptchas) await captchas.watch(signal);
  }

  /** A browser that goes away by itself is an end, unless another is already under way. */
  #exited(exit: BrowserExit): void {
    this.#endByItself(endOf(exit));
  }

  #endByItself(end: RuntimeEnd): void {
    this.end(end).catch((err: unknown) => {
      this.#log.error({ err }, 'the end of a runtime is not recorded yet');
    });
  }

  async #finish(end: RuntimeEnd): Promise<Runtime> {
    this.#launching.abort(abortReason(end));
    if (this.#place.state === 'waiting') this.#place[Symbol.dispose]();
    const cause = end.to === 'failed' ? 'failed' : end.reason;
    this.#parts.ends.add(this.runtime.id, CLOSE_REASONS[cause]);
    this.connections.close(CLOSE_REASONS[cause]);
    // Whoever launched meanwhile has it in #browser then.
    await this.#bringingUp?.catch(() => undefined);
    this.#captchas?.[Symbol.dispose]();
    const left = await this.#endBrowser(end);
    this.#browserEnded.resolve();
    void this.#leavePlace();
    if (left.to === 'failed') this.#parts.metrics.failed(left.failure.code);
    const over = await this.#record.end({ ...left, usage: this.#browser?.forwarder.usage });
    this.#log.info({ state: over.state, failure: over.failure }, 'runtime ended');
    return over;
  }

  /**
   * An ephemeral browser does nothing any more once it is killed: that it is gone, and its directory,
   * is waited for by nobody. What a profile's browser leaves is saved; one that did not end in order
   * is not to be trusted.
   */
  async #endBrowser(end: RuntimeEnd): Promise<RuntimeEnd> {
    const browser = this.#browser;
    if (!browser) return end;
    if (!this.#profile) {
      void browser.kill();
      return end;
    }
    await this.#record.tryMove({ to: 'stopping' });
    await this.#profile.rest();
    await browser.close();
    const { code } = await browser.exited;
    try {
      await this.#profile.end(browser, code === 0 ? 'saved' : 'recovered');
      return end;
    } catch (error) {
      return { to: 'failed', failure: failureOf(error) };
    }
  }

  /** Its memory is free only when the browser is gone. */
  async #leavePlace(): Promise<void> {
    await this.#browser?.exited;
    this.#place[Symbol.dispose]();
  }

  #note(
    type: 'runtime.connected' | 'runtime.disconnected',
    { id, protocol }: Connection,
    more: Record<string, unknown> = {},
  ): void {
    const data = { connectionId: id, protocol, ...more };
    this.#log.info(data, type);
    this.#record.note({ type, data });
  }
}

async function unrecorded(): Promise<never> {
  await delay(RECORD_TIMEOUT_MS, undefined, { ref: false });
  throw new RuntimeError('service.unavailable', 'What was done could not be recorded yet.');
}
