import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { portOf } from '../../support/node-under-test.ts';

/** One connection through a tap. */
export interface Tapped {
  /** From whoever opened it, and from what it leads to. */
  near: Socket;
  far: Socket;
  /** What passed, by its direction. */
  said: { near: Buffer; far: Buffer };
}

/**
 * A place in the network between an API process and a port, until the test is over: what passes can
 * be heard and changed there, and broken off.
 */
export async function openTap(
  port: number,
  change: (chunk: Buffer, from: 'near' | 'far') => Buffer = (chunk) => chunk,
) {
  const tapped: Tapped[] = [];
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    const one: Tapped = { near, far, said: { near: Buffer.alloc(0), far: Buffer.alloc(0) } };
    tapped.push(one);
    for (const [from, socket, other] of [
      ['near', near, far],
      ['far', far, near],
    ] as const) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => other.destroy());
      socket.on('data', (chunk: Buffer) => {
        one.said[from] = Buffer.concat([one.said[from], chunk]);
        other.write(change(chunk, from));
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const { near, far } of tapped) for (const socket of [near, far]) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    port: portOf(server.address()),
    address: `127.0.0.1:${portOf(server.address())}`,
    tapped,
    cut,
  };
}
