import type { Socket } from 'node:net';
import { addUsage, NO_USAGE, type Usage } from '../runtime/usage.ts';

/** The connections that are open on a browser's behalf, and the usage of all that ever were. */
export class OutboundConnections {
  readonly #open = new Set<Socket>();
  readonly #closed = { ...NO_USAGE };

  follow(socket: Socket): void {
    this.#open.add(socket);
    this.#closed.connections++;
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#closed.bytesIn += socket.bytesRead;
      this.#closed.bytesOut += socket.bytesWritten;
    });
  }

  /** The usage so far. */
  get usage(): Usage {
    return [...this.#open]
      .map(({ bytesRead, bytesWritten }) => ({
        bytesIn: bytesRead,
        bytesOut: bytesWritten,
        connections: 0,
      }))
      .reduce(addUsage, { ...this.#closed });
  }

  closeAll(): void {
    for (const socket of this.#open) socket.destroy();
  }
}
