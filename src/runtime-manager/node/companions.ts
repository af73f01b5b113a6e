import type { Attached, Companion, Run } from '../companion.ts';
import type { Connection } from '../connections/connections.ts';
import type { SocketRequest } from '../connections/requests.ts';
import { RuntimeError } from '../errors.ts';
import type { RuntimeWarning } from '../runtime/runtime.ts';
import type { NodeRequest } from './runtime-node.ts';

/** The companions of one run. */
export class Companions implements AsyncDisposable {
  readonly #attached = new Map<string, Attached>();
  readonly #stack = new AsyncDisposableStack();

  /** Attaches all companions. Rejects with what the first one to fail failed with. */
  async attach(companions: readonly Companion[], run: Run): Promise<void> {
    await Promise.all(companions.map((companion) => this.#attach(companion, run)));
  }

  async #attach(companion: Companion, run: Run): Promise<void> {
    const attached = await companion.attach(run);
    if (!attached) return;
    // The run may have ended meanwhile.
    if (this.#stack.disposed) {
      await attached[Symbol.asyncDispose]();
      return;
    }
    this.#stack.use(attached);
    this.#attached.set(companion.name, attached);
  }

  /** What was asked for but is done only in part. */
  get warnings(): RuntimeWarning[] {
    return [...this.#attached.values()].flatMap(({ warnings = [] }) => warnings);
  }

  /** Throws `runtime.not_active` when no companion of the run has the verb, or what the companion throws. */
  async call(name: string, message: unknown, signal: AbortSignal): Promise<unknown> {
    const [companion = '', verb = ''] = name.split('.');
    const attached = this.#find(companion);
    if (attached?.call) return attached.call(verb, message, signal);
    throw notUp();
  }

  /**
   * Joins a client with the companion that its connection's protocol names, and resolves when the
   * client has gone. Throws as `call`.
   */
  async connect(connection: Connection, asked: SocketRequest): Promise<void> {
    const attached = this.#find(connection.protocol);
    if (attached?.connect) return attached.connect(connection, asked);
    throw notUp();
  }

  /**
   * Answers a request whose path begins with the name of a companion: that of a client of a
   * connection, or of the service itself. Throws as `call`.
   */
  async answer(asked: NodeRequest, connection?: Connection): Promise<Response> {
    const [, name = '', rest = ''] = /^\/([a-z]+)(.*)$/.exec(asked.path) ?? [];
    const attached = this.#find(name);
    if (attached?.answer) return attached.answer({ ...asked, path: rest }, connection);
    throw notUp();
  }

  #find(name: string): Attached | undefined {
    return this.#stack.disposed ? undefined : this.#attached.get(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function notUp(): RuntimeError {
  return new RuntimeError('runtime.not_active', 'The runtime has ended, or is not running yet.');
}
