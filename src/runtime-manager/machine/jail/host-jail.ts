import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { ReservedPorts } from '../../egress/reserved-ports.ts';
import { killGroup } from './process-group.ts';
import type { Confined, Jail, Program } from './jail.ts';
import { DIRECTORY_VARIABLE, exitOf, spawned } from './spawned.ts';

const LOOPBACK = '127.0.0.1';

/** No jail: programs share the machine's files and loopback with the service. */
export class HostJail implements Jail {
  readonly level = 'none';
  readonly owner = undefined;
  readonly #reservedPorts: ReservedPorts;

  constructor(reservedPorts: ReservedPorts) {
    this.#reservedPorts = reservedPorts;
  }

  seen(directory: string): string {
    return directory;
  }

  async start({ directory, command, env, accept, stdio }: Program): Promise<Confined> {
    await using owned = new AsyncDisposableStack();
    const ports: number[] = [];
    for (const serve of accept) ports.push(owned.use(await this.#listen(serve)).port);
    const [file = '', ...args] = command(ports);
    const child = spawn(file, args, {
      // A session of its own: one signal reaches every process in it and none of ours.
      detached: true,
      stdio,
      env: { ...env, [DIRECTORY_VARIABLE]: directory },
    });
    const exited = exitOf(child);
    const closed = new Promise((resolve) => child.once('close', resolve));
    const pid = await spawned(child);
    const held = owned.move();
    void exited.then(() => held.disposeAsync());
    return {
      pid,
      child,
      ports,
      exited,
      closed,
      reach: (port) => {
        // The port may be read from the program's output after the program is gone.
        if (!held.disposed) held.use(this.#reservedPorts.hold(port));
        return () => dial(port);
      },
      kill: () => killGroup(pid),
    };
  }

  async #listen(serve: (socket: Socket) => void): Promise<Listener> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, serve);
    server.listen(0, LOOPBACK);
    await once(server, 'listening');
    return new Listener(server, this.#reservedPorts);
  }
}

/** A port of the machine that only one program is meant to connect to. */
class Listener implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #held: Disposable;

  constructor(server: Server, reservedPorts: ReservedPorts) {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a listener has no port');
    this.port = address.port;
    this.#server = server;
    this.#held = reservedPorts.hold(address.port);
  }

  /** Connections stay with whoever serves them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#held[Symbol.dispose]();
  }
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ host: LOOPBACK, port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}
