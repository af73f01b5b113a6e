import type { CdpPipe, SendOptions } from './cdp-pipe.ts';
import {
  isEventOf,
  isResultOf,
  type CdpEvent,
  type CdpEventName,
  type CdpMethod,
  type CdpParams,
  type CdpResult,
} from './protocol.ts';

const COMMAND_TIMEOUT_MS = 10_000;
const ENDED = 'the debugging session has ended';

/** A session with a target: the session that attached it, and Chromium's id of it. */
interface Attachment {
  parent: CdpSession;
  sessionId: string;
}

/**
 * A debugging session of the service's own with one target of a browser, a page, a frame or a worker,
 * or with the browser itself. It ends when it is disposed, when its target goes or the session that
 * attached it ends, and when the browser goes.
 */
export class CdpSession implements Disposable {
  readonly #pipe: CdpPipe;
  readonly #attachment: Attachment | undefined;
  readonly #children = new Map<string, CdpSession>();
  readonly #gone = new AbortController();

  /** The session is with the browser itself, unless `attachment` ties it to a target. */
  constructor(pipe: CdpPipe, attachment?: Attachment) {
    this.#pipe = pipe;
    this.#attachment = attachment;
    this.on('Target.detachedFromTarget', (told) => this.#ended(told.sessionId));
    if (attachment) return;
    pipe.closed.addEventListener('abort', () => this.#end(pipe.closed.reason), { once: true });
  }

  /** Aborts when the session has ended, whichever way. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /**
   * Waits at most 10 s for an answer when neither a signal nor a time is given. Throws when
   * Chromium refuses the command (`cause` is a CdpRefusal), no answer comes in time, or the session
   * ends, with the method in the message; throws the reason of `signal` when that aborts. A later
   * answer is dropped.
   */
  send<M extends CdpMethod>(
    method: M,
    params: CdpParams<M>,
    options?: SendOptions,
  ): Promise<CdpResult<M>> {
    return this.#send(method, params, (result) => resultOf(method, result), options);
  }

  /** A command as a client wrote it, which Chromium checks. Throws as `send`. */
  async sendAsWritten(method: string, params: object, options?: SendOptions): Promise<void> {
    await this.#send(method, params, () => undefined, options);
  }

  /**
   * Calls `listener` with the content of each such event, until the result is disposed or the
   * session ends.
   */
  on<E extends CdpEventName>(event: E, listener: (told: CdpEvent<E>) => void): Disposable {
    // Nobody would drop the listener any more.
    if (this.gone.aborted) return { [Symbol.dispose]: () => undefined };
    return this.#pipe.listen(event, this.#attachment?.sessionId, (params) => {
      if (isEventOf(event, params)) listener(params);
    });
  }

  /** As `on`, with the bytes of each message, whose parts the listener checks: see `CdpPipe.listenToBytes`. */
  onBytes(event: CdpEventName, listener: (message: Buffer) => void): Disposable {
    const { sessionId } = this.#attachment ?? {};
    if (sessionId === undefined) throw new Error('not for a session with the browser itself');
    const listening = this.#pipe.listenToBytes(event, sessionId, listener);
    this.gone.addEventListener('abort', () => listening[Symbol.dispose](), { once: true });
    return listening;
  }

  /** Begins a session with a target. Throws as `send`. */
  attach(targetId: string, options?: SendOptions): Promise<CdpSession> {
    const method = 'Target.attachToTarget';
    // The child has to exist at once: the next message may say that the target is gone.
    const receive = (result: unknown) => this.child(resultOf(method, result).sessionId);
    return this.#send(method, { targetId, flatten: true }, receive, options);
  }

  /** The session that Chromium began by itself, as `Target.attachedToTarget` of this one says. */
  child(sessionId: string): CdpSession {
    const known = this.#children.get(sessionId);
    if (known) return known;
    const child = new CdpSession(this.#pipe, { parent: this, sessionId });
    this.#children.set(sessionId, child);
    return child;
  }

  /** Ends the session without waiting: Chromium handles whatever is sent from now on after that. */
  [Symbol.dispose](): void {
    if (this.gone.aborted) return;
    const { parent, sessionId } = this.#attachment ?? {};
    // The command fails when the session, or the browser, is gone already.
    if (sessionId !== undefined) {
      parent?.send('Target.detachFromTarget', { sessionId }).catch(() => undefined);
    }
    this.#end(new Error(ENDED));
  }

  async #send<T>(
    method: string,
    params: object,
    receive: (result: unknown) => T,
    options: SendOptions = {},
  ): Promise<T> {
    if (this.gone.aborted) throw new Error(`${method}: ${ENDED}`, { cause: this.gone.reason });
    const { signal, timeoutMs = signal ? undefined : COMMAND_TIMEOUT_MS, isLarge } = options;
    const command = { method, params, sessionId: this.#attachment?.sessionId };
    return this.#pipe.send(command, receive, { signal, timeoutMs, isLarge });
  }

  #ended(childId: string): void {
    const child = this.#children.get(childId);
    if (child) child.#end(new Error(ENDED));
  }

  #end(reason: Error): void {
    if (this.gone.aborted) return;
    for (const child of this.#children.values()) child.#end(reason);
    const { parent, sessionId } = this.#attachment ?? {};
    if (parent && sessionId !== undefined) parent.#children.delete(sessionId);
    this.#pipe.endSession(sessionId, reason);
    this.#gone.abort(reason);
  }
}

function resultOf<M extends CdpMethod>(method: M, answer: unknown): CdpResult<M> {
  if (isResultOf(method, answer)) return answer;
  throw new Error(`${method}: Chromium answered with no object`);
}
