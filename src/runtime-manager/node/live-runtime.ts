import type { Logger } from 'pino';
import { Connections, type Connection } from '../connections/connections.ts';
import { RuntimeError } from '../errors.ts';
import type { MachineBrowser } from '../machine/browser-machine.ts';
import type { WakeUps } from '../events/wake-ups.ts';
import { ProfileSession, type StoredProfiles } from '../profiles/profile-session.ts';
import { failure, failureOf } from '../runtime/failures.ts';
import type { Proxy } from '../runtime/launch.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { RuntimeStore } from '../runtime/runtime-store.ts';
import { idsOf } from '../tracing/attributes.ts';
import type { SpanContext } from '../tracing/open-span.ts';
import { inSpan } from '../tracing/tracing.ts';
import type { Place } from './admission.ts';
import { bringUp, type BringUp, type BringUpParts } from './bring-up.ts';
import { Companions } from './companions.ts';
import { connectionNotes } from './connection-notes.ts';
import { endBrowser } from './end-browser.ts';
import { Lifetime } from './lifetime.ts';
import { ProxyRoute } from './proxy-route.ts';
import { abortReason, CLOSE_REASONS, endOf, type RecentEnds } from './runtime-ends.ts';
import { WaitingClients, type WaitingClient } from './waiting-clients.ts';
import { RuntimeRecord, unrecorded, type RuntimeEnd } from './runtime-record.ts';

/** How long the client of a runtime that is up may take to come. */
const COME_MS = 4000;
/** All clients that waited for the runtime hung up before it was up. */
const ABANDONED = { to: 'failed', failure: failure('runtime.abandoned') } as const;

export interface LiveRuntimeParts extends BringUpParts {
  store: RuntimeStore;
  wakeUps: WakeUps;
  profiles: StoredProfiles;
  /** For how long a client's command without an answer counts as use. */
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
  /** The span of its start, if that is in the trace of no request. */
  ownStart: SpanContext | undefined;
  readonly #parts: LiveRuntimeParts;
  readonly #run: BringUp;
  readonly #release: () => void;
  readonly #browserEnded = Promise.withResolvers<void>();
  readonly #waiting = new WaitingClients<Runtime>(() => this.#abandon());
  #started: Promise<Runtime> | undefined;
  #bringingUp: Promise<Runtime> | undefined;
  #browser: MachineBrowser | undefined;
  #lifetime: Lifetime | undefined;
  #ended: Promise<Runtime> | undefined;

  /**
   * `release` is called once, when the runtime has ended. `taken` is the browser of a runtime that
   * was recorded as running at once.
   */
  constructor(
    runtime: Runtime,
    parts: LiveRuntimeParts,
    { place, release, taken }: { place: Place; release: () => void; taken?: MachineBrowser },
  ) {
    const { machine, store, wakeUps, profiles } = parts;
    const log = parts.log.child({ runtimeId: runtime.id });
    const record = new RuntimeRecord(runtime, store, log, (written) => wakeUps.wake(written));
    this.#parts = parts;
    this.#release = release;
    this.#run = {
      ...parts,
      place,
      record,
      profile: ProfileSession.of(runtime, profiles, log),
      route: new ProxyRoute({ machine, record, log }),
      attached: this.companions,
      use: () => this.connections.use(),
      log,
      ending: new AbortController(),
      taken,
      own: (browser) => this.#own(browser),
    };
    this.connections = new Connections(connectionNotes(record, log), runtime);
  }

  /** The runtime as it was last recorded. */
  get runtime(): Runtime {
    return this.#run.record.runtime;
  }

  /** The ways to the browser; undefined before it runs and from the first end on. */
  get endpoints(): MachineBrowser['endpoints'] | undefined {
    return this.#ended ? undefined : this.#browser?.endpoints;
  }

  get browser(): MachineBrowser | undefined {
    return this.#browser;
  }

  /** Settles when the end is recorded; undefined before the end begins. */
  get ended(): Promise<Runtime> | undefined {
    return this.#ended;
  }

  /** Defined from when the runtime runs until its end begins. */
  get lifetime(): Lifetime | undefined {
    return this.#ended ? undefined : this.#lifetime;
  }

  /**
   * Sends the browser's traffic another way. Throws `runtime.not_active`, `service.unavailable`, or
   * the error that the proxy is refused with; then the traffic goes as before.
   */
  async setProxy(proxy: Proxy | undefined): Promise<Runtime> {
    const { signal } = this.#run.ending;
    if (this.#browser && !signal.aborted) {
      return this.#run.route.change(this.#browser, proxy, signal);
    }
    throw new RuntimeError('runtime.not_active', 'The runtime is not running.');
  }

  /**
   * Revokes a connection. Resolves with undefined when there is no such connection. Throws
   * `service.unavailable` when the record has to wait; tickets of the runtime's own connections are
   * good again once it is written.
   */
  async revoke(connectionId: string): Promise<Connection | undefined> {
    const revoked = this.connections.revoke(connectionId);
    if (revoked?.isOwn) {
      const recorded = this.#run.record.setConnectionEpochs(this.connections.epochs);
      await Promise.race([recorded, unrecorded()]);
    }
    return revoked;
  }

  /**
   * Launches the browser when there is room. Throws what the launch fails with,
   * `runtime.no_capacity`, or the reason for which the runtime was ended meanwhile.
   */
  start(): Promise<Runtime> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /** As `start`, but gives the runtime up when all clients that waited for it have hung up. */
  startFor(client: WaitingClient<Runtime>): Promise<Runtime> {
    return this.#waiting.wait(() => this.start(), client);
  }

  /** As `start`, for a client that has yet to come; gives the runtime up when it does not. */
  startAhead(): Promise<Runtime> {
    return this.#waiting.expect(() => this.start(), COME_MS);
  }

  /** A client that got a ticket otherwise may be attached already. */
  #abandon(): void {
    if (this.connections.attachedClients === 0) this.#endByItself(ABANDONED);
  }

  /**
   * Ends the runtime, and resolves with its final record once the browser has ended. Throws
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
    this.#run.record.note({ type: 'runtime.expired', data: { reason } });
    this.#endByItself({ to: 'stopped', reason });
  }

  async #start(): Promise<Runtime> {
    try {
      this.#bringingUp = bringUp(this.#run);
      const runtime = await this.#bringingUp;
      const { connections, browser } = this;
      this.#lifetime =
        browser && new Lifetime({ ...this.#parts, limits: runtime, connections, browser });
      return runtime;
    } catch (error) {
      await this.end({ to: 'failed', failure: failureOf(error) }).catch(() => undefined);
      throw error;
    }
  }

  /** A browser that exits by itself ends the runtime, unless another end is already under way. */
  #own(browser: MachineBrowser): void {
    this.#browser = browser;
    void browser.exited.then((exit) => this.#endByItself(endOf(exit)));
  }

  #endByItself(end: RuntimeEnd): void {
    this.end(end).catch((err: unknown) => {
      this.#run.log.error({ err }, 'the end of a runtime is not recorded yet');
    });
  }

  #finish(end: RuntimeEnd): Promise<Runtime> {
    return inSpan('runtime.stop', idsOf(this.runtime), async (span) => {
      const over = await this.#carryOutEnd(end);
      if (over.failure) span.fail(over.failure.code);
      return over;
    });
  }

  async #carryOutEnd(end: RuntimeEnd): Promise<Runtime> {
    const { ending, place, record, profile, log, metrics } = this.#run;
    ending.abort(abortReason(end));
    if (place.state === 'waiting') place[Symbol.dispose]();
    const cause = end.to === 'failed' ? 'failed' : end.reason;
    this.#parts.ends.add(this.runtime.id, CLOSE_REASONS[cause]);
    this.connections.close(CLOSE_REASONS[cause]);
    // A launch that was under way has put its browser into #browser by then.
    await this.#bringingUp?.catch(() => undefined);
    await this.companions[Symbol.asyncDispose]().catch((err: unknown) => {
      log.error({ err }, 'the companions of a runtime did not end in order');
    });
    const left = this.#browser ? await endBrowser(this.#browser, { record, profile }, end) : end;
    this.#browserEnded.resolve();
    void this.#leavePlace();
    if (left.to === 'failed') metrics.failed(left.failure.code);
    const over = await record.end({ ...left, usage: this.#browser?.forwarder.usage });
    log.info({ state: over.state, failure: over.failure }, 'runtime ended');
    return over;
  }

  /** The memory of the place is free only when the browser is gone. */
  async #leavePlace(): Promise<void> {
    await this.#browser?.exited;
    this.#run.place[Symbol.dispose]();
  }
}
