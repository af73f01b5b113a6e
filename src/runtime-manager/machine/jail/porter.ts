import type { ChildProcess } from 'node:child_process';
import { Server, Socket, createServer } from 'node:net';

interface Waiting {
  resolve: (socket: Socket) => void;
  reject: (error: Error) => void;
}

/**
 * The service's side of `porter.pl`, which hands over sockets from inside a jail: first a listening
 * one for each of `accept`, then one for each connection that is asked for, in order.
 */
export class Porter {
  readonly #child: ChildProcess;
  readonly #accept: ((socket: Socket) => void)[];
  readonly #servers: Server[] = [];
  readonly #waiting: Waiting[] = [];
  #gone = false;

  constructor(child: ChildProcess, accept: readonly ((socket: Socket) => void)[]) {
    this.#child = child;
    this.#accept = [...accept];
    child.on('message', (_message, handle) => this.#take(handle));
    child.once('disconnect', () => this.#close());
  }

  /** Throws when nobody listens there, or the jail is gone. */
  connect(port: number): Promise<Socket> {
    if (this.#gone || !this.#child.connected) return Promise.reject(gone());
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    this.#waiting.push({ resolve, reject });
    // A broken channel is noticed by its 'disconnect' event.
    this.#child.send(`connect ${port}`, () => undefined);
    return promise;
  }

  #take(handle: unknown): void {
    if (handle instanceof Server) return this.#listen(handle);
    const waiting = this.#waiting.shift();
    if (!(handle instanceof Socket)) return waiting?.reject(new Error('nobody listens there'));
    handle.setNoDelay(true);
    if (waiting) waiting.resolve(handle);
    else handle.destroy();
  }

  /** A server of ours takes the socket over, since the server that Node made has none of our options. */
  #listen(handed: Server): void {
    const serve = this.#accept.shift();
    const server = createServer({ allowHalfOpen: true, noDelay: true }, serve);
    server.listen(handed);
    this.#servers.push(server);
  }

  /** Ends the first process inside, if it is still there; the others end with it. */
  end(): void {
    // A channel that is just breaking ends the process too.
    if (this.#child.connected) this.#child.send('end', () => undefined);
    this.#close();
  }

  #close(): void {
    this.#gone = true;
    for (const server of this.#servers.splice(0)) server.close();
    for (const { reject } of this.#waiting.splice(0)) reject(gone());
  }
}

function gone(): Error {
  return new Error('the program is gone');
}
