import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Place {
  /** A TCP port of this machine, or the path of a unix socket. */
  to: number | string;
  host?: string;
}

/** A TCP port that leads to another place, until it is cut. */
export class Forwarder implements AsyncDisposable {
  readonly host: string;
  readonly #to: number | string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  private constructor({ to, host = '127.0.0.1' }: Place) {
    this.#to = to;
    this.host = host;
  }

  static async open(place: Place): Promise<Forwarder> {
    const forwarder = new Forwarder(place);
    await forwarder.restore();
    return forwarder;
  }

  get port(): number {
    return this.#port;
  }

  /** As when the machine behind it is gone: connections break, and new ones are refused. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** At the same port as before, unless it is open. */
  async restore(): Promise<void> {
    if (this.#server) return;
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
      const onward =
        typeof this.#to === 'number' ? connect(this.#to, '127.0.0.1') : connect(this.#to);
      this.#join(client, onward);
      this.#join(onward, client);
    });
    server.listen(this.#port, this.host);
    await once(server, 'listening');
    const address = server.address();
    this.#port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    this.#server = server;
  }

  #join(one: Socket, other: Socket): void {
    this.#sockets.add(one);
    one.on('error', () => one.destroy());
    one.once('close', () => {
      this.#sockets.delete(one);
      other.destroy();
    });
    one.pipe(other);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cut();
  }
}
