import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Connections, type Connection } from '../connections/connections.ts';
import type { Endpoints } from '../connections/endpoints.ts';
import { RuntimeError } from '../errors.ts';
import type { BrowserExit, MachineBrowser } from '../machine/browser-machine.ts';
import type { WakeUps } from '../events/wake-ups.ts';
import { ProfileSession } from '../profiles/profile-session.ts';
import type { Profiles } from '../profiles/profiles.ts';
import { failure, failureOf } from '../runtime/failures.ts';
import type { Proxy } from '../runtime/launch.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { RuntimeStore } from '../runtime/runtime-store.ts';
import type { Place } from './admission.ts';
import { bringUp, type BringUp, type BringUpParts } from './bring-up.ts';
import { Companions } from './companions.ts';
import { connectionNotes } from './connection-notes.ts';
import { Lifetime } from './lifetime.ts';
import { ProxyRoute } from './proxy-route.ts';
import { abortReason, CLOSE_REASONS, endOf, type RecentEnds } from './runtime-ends.ts';
import { RuntimeRecord, type RuntimeEnd } from './runtime-record.ts';

/** How long an answer waits for the record of an end, after the browser was ended. */
const RECORD_TIMEOUT_MS = 5000;
/** All who waited for it hung up before it was up. */
const ABANDONED = { to: 'failed', failure: failure('runtime.abandoned') } as const;

export interface LiveRuntimeParts extends BringUpParts {
  store: RuntimeStore;
  wakeUps: WakeUps;
  profiles: Profiles;
  /** For how long a command of a client that is not answered counts as use. */
  openCommandMs: number;
  ends: RecentEnds;
  log: Logger;
}

/**
 * One active runtime: it owns the browser and is the only one to move the record. However many
 * ends come at once (stop, a dying browser, shutdown), the first decides and all wait for it.
 */
export class LiveRuntime {
  readonly connections: Connections;
  readonly companions = new Companions();
  readonly #parts: LiveRuntimeParts;
  readonly #log: Logger;
  readonly #place: Place;
  readonly #record: RuntimeRecord;
  readonly #profile: ProfileSession | undefined;
  readonly #route: ProxyRoute;
  readonly #release: () => void;
  readonly #taken: MachineBrowser | undefined;
  readonly #ending = new AbortController();
  readonly #browserEnded = Promise.withResolvers<void>();
  #started: Promise<Runtime> | undefined;
  #bringingUp: Promise<Runtime> | undefined;
  #browser: MachineBrowser | undefined;
  #lifetime: Lifetime | undefined;
  #ended: Promise<Runtime> | undefined;
  #waiting = 0;

  /**
   * `release` is called once, when the runtime has ended. `taken` is the browser of a runtime that
   * was recorded as running at once.
   */
  constructor(
    runtime: Runtime,
    parts: LiveRuntimeParts,
    { place, release, taken }: { place: Place; release: () => void; taken?: MachineBrowser },
  ) {
    this.#taken = taken;
    this.#parts = parts;
    this.#place = place;
    this.#release = release;
    this.#log = parts.log.child({ runtimeId: runtime.id });
    this.#record = new RuntimeRecord(runtime, parts.store, this.#log, ({ id }) =>
      parts.wakeUps.wake(id),
    );
    this.#route = new ProxyRoute({ machine: parts.machine, record: this.#record, log: this.#log });
    this.#profile =
      runtime.profileId === undefined
        ? undefined
        : new ProfileSession(runtime, runtime.profileId, parts.profiles, this.#log);
    this.connections = new Connections(connectionNotes(this.#record, this.#log), runtime);
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
   * Sends the browser's traffic another way. Throws `runtime.not_active`, `service.unavailable`, or
   * what the proxy is refused for; then the traffic goes as it did.
   */
  async setProxy(proxy: Proxy | undefined): Promise<Runtime> {
    const { signal } = this.#ending;
    if (this.#browser && !signal.aborted) {
      return this.#route.change(this.#browser, proxy, signal);
    }
    throw new RuntimeError('runtime.not_active', 'The runtime does not run.');
  }

  /**
   * Ends a way in; undefined when there is none. Throws `service.unavailable` when the record has to
   * wait, after which tickets of the runtime's own connections are good again.
   */
  async revoke(connectionId: string): Promise<Connection | undefined> {
    const revoked = this.connections.revoke(connectionId);
    if (revoked?.isOwn) {
      const recorded = this.#record.setConnectionEpochs(this.connections.epochs);
      await Promise.race([recorded, unrecorded()]);
    }
    return revoked;
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

  async #start(): Promise<Runtime> {
    try {
      this.#bringingUp = bringUp(this.#bringUpParts());
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

  #bringUpParts(): BringUp {
    return {
      ...this.#parts,
      place: this.#place,
      record: this.#record,
      profile: this.#profile,
      route: this.#route,
      attached: this.companions,
      log: this.#log,
      ending: this.#ending,
      taken: this.#taken,
      own: (browser) => this.#own(browser),
    };
  }

  #own(browser: MachineBrowser): void {
    this.#browser = browser;
    void browser.exited.then((exit) => this.#exited(exit));
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
    this.#ending.abort(abortReason(end));
    if (this.#place.state === 'waiting') this.#place[Symbol.dispose]();
    const cause = end.to === 'failed' ? 'failed' : end.reason;
    this.#parts.ends.add(this.runtime.id, CLOSE_REASONS[cause]);
    this.connections.close(CLOSE_REASONS[cause]);
    // Whoever launched meanwhile has it in #browser then.
    await this.#bringingUp?.catch(() => undefined);
    await this.companions[Symbol.asyncDispose]();
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
}

async function unrecorded(): Promise<never> {
  await delay(RECORD_TIMEOUT_MS, undefined, { ref: false });
  throw new RuntimeError('service.unavailable', 'What was done could not be recorded yet.');
}
