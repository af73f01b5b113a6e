import type { Admission, Place } from './admission.ts';
import { RuntimeError } from '../errors.ts';
import type { FirstState } from '../runtime/lifecycle.ts';
import { LiveRuntime, type LiveRuntimeParts } from './live-runtime.ts';
import { draining } from './runtime-ends.ts';
import type { Adoption } from './runtime-node.ts';
import { takeWarmBrowser } from './take-warm-browser.ts';
import { idsOf } from '../tracing/attributes.ts';
import { inSpan } from '../tracing/tracing.ts';
import type { MachineBrowser } from '../machine/browser-machine.ts';
import type { RunningMove, Runtime } from '../runtime/runtime.ts';

/** A runtime that is to be active. */
export interface ActivationRequest {
  /** The runtime's id. */
  id: string;
  /** When it was asked for, by `performance.now()`. */
  arrivedAt: number | undefined;
  /** Whether it may wait for room. */
  mayWait: boolean | undefined;
  /** Whether any fresh browser will do. */
  isPlain: boolean;
  /**
   * Makes the record active, in `state` or as `running` already. Resolves with undefined when there
   * was none to write.
   */
  write: (state: FirstState, running: RunningMove | undefined) => Promise<Runtime | undefined>;
}

export interface ActivationOptions {
  admission: Admission;
  /** The runtimes that are owned here, each until it has ended. */
  live: Map<string, LiveRuntime>;
  parts: LiveRuntimeParts;
}

/**
 * Makes runtimes active: the record and the `LiveRuntime` that owns it. In between, the runtime is
 * known here, so that whoever asks for it just then can wait.
 */
export class Activation {
  /** Whether new runtimes are refused, which another machine may take. */
  isDraining = false;
  readonly #options: ActivationOptions;
  readonly #underWay = new Map<string, Promise<unknown>>();
  /** Adoptions under way: which runtime each is of is not known yet. */
  readonly #adopting = new Set<Promise<unknown>>();
  #closed = false;
  #isFenced = false;

  constructor(options: ActivationOptions) {
    this.#options = options;
  }

  get isClosed(): boolean {
    return this.#closed || this.#isFenced;
  }

  /** Opens no more runtimes until `resume`. */
  fence(): void {
    this.#isFenced = true;
  }

  resume(): void {
    this.#isFenced = false;
  }

  /** Opens no more runtimes, and resolves when nothing is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
  }

  /** Resolves when all that is under way now has settled. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#underWay.values(), ...this.#adopting]);
  }

  /** Whether a runtime is owned here, or may be about to be. */
  isHeld(id: string): boolean {
    return this.#options.live.has(id) || this.#underWay.has(id) || this.#adopting.size > 0;
  }

  /** The runtime as it is owned here; waits for one that is just about to be. */
  async held(id: string): Promise<LiveRuntime | undefined> {
    await Promise.allSettled([this.#underWay.get(id), ...this.#adopting]);
    return this.#options.live.get(id);
  }

  /**
   * Takes a place, makes the record active, and brings the runtime up. A ready browser, if one will
   * do, is taken before the record is written. Resolves with undefined when there was nothing to
   * write, or another request was just doing the same. Throws `service.shutting_down`,
   * `runtime.no_capacity`, or the error that the record is refused with.
   */
  async open(request: ActivationRequest): Promise<LiveRuntime | undefined> {
    const { id } = request;
    const other = this.#underWay.get(id);
    if (other) {
      await other.catch(() => undefined);
      return undefined;
    }
    if (this.isClosed) {
      throw new RuntimeError('service.shutting_down', 'The service is shutting down.');
    }
    if (this.isDraining) throw draining();
    const opened = this.#open(request);
    this.#underWay.set(id, opened);
    try {
      return await opened;
    } finally {
      this.#underWay.delete(id);
    }
  }

  async #open({
    arrivedAt,
    mayWait,
    isPlain,
    write: writeRecord,
  }: ActivationRequest): Promise<LiveRuntime | undefined> {
    const { admission, parts } = this.#options;
    const write: ActivationRequest['write'] = (state, running) =>
      inSpan('runtime.insert', {}, () => writeRecord(state, running));
    using stack = new DisposableStack();
    const place = stack.use(admission.enter(arrivedAt, mayWait));
    const mayTake = isPlain && place.state === 'launching';
    const taken = mayTake ? await takeWarmBrowser(parts, write, stack) : undefined;
    const runtime = taken
      ? taken.runtime
      : await write(place.state === 'waiting' ? 'accepted' : 'launching', undefined);
    if (!runtime) return undefined;
    stack.move();
    const opened = this.#own(runtime, place, taken?.browser);
    opened.start().catch(() => undefined);
    return opened;
  }

  /**
   * Takes a place for a runtime that waits for any node, has `pull` record it as this node's, and
   * brings it up.
   */
  async adopt(pull: () => Promise<Runtime | undefined>): Promise<Adoption> {
    if (this.isClosed || this.isDraining) return 'no_room';
    const place = this.#options.admission.takeRoom();
    if (!place) return 'no_room';
    const adopted = this.#adopt(place, pull);
    this.#adopting.add(adopted);
    try {
      return await adopted;
    } finally {
      this.#adopting.delete(adopted);
    }
  }

  async #adopt(place: Place, pull: () => Promise<Runtime | undefined>): Promise<Adoption> {
    using stack = new DisposableStack();
    stack.defer(() => place.giveBack());
    const runtime = await pull();
    if (!runtime) return 'nobody_waits';
    // The life before may have ended here just now.
    await this.#options.live.get(runtime.id)?.ended?.catch(() => undefined);
    stack.move();
    const opened = this.#own(runtime, place);
    // No request is here yet that this would be in the trace of: the one that comes points at it.
    inSpan('runtime.up', idsOf(runtime), (span) => {
      opened.ownStart = span.at;
      return opened.start();
    }).catch(() => undefined);
    opened.startAhead().catch(() => undefined);
    return 'adopted';
  }

  #own(runtime: Runtime, place: Place, taken?: MachineBrowser): LiveRuntime {
    const { live, parts } = this.#options;
    const { id } = runtime;
    const release = () => live.delete(id);
    const opened = new LiveRuntime(runtime, parts, { place, release, ...(taken && { taken }) });
    live.set(id, opened);
    parts.wakeUps.wake(runtime);
    return opened;
  }
}
