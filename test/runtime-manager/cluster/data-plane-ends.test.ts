import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DataPlaneClient } from '../../../src/runtime-manager/cluster/data-plane/data-plane-client.ts';
import { RuntimeError } from '../../../src/runtime-manager/errors.ts';
import type { RuntimeNode } from '../../../src/runtime-manager/node/runtime-node.ts';
import { chunksOf } from '../../support/fake-node-under-test.ts';
import { bodyOf, portOf, requestOf } from '../../support/node-under-test.ts';
import {
  handshake,
  hear,
  KEYS,
  makeCertificates,
  openPlaneTo,
  SWITCHING,
  ticketAt,
  TICKETS,
  type PlaneOptions,
} from './data-plane-support.ts';
import { openProcess } from './data-plane-children.ts';

const UNREACHABLE = { code: 'runtime.unreachable' };
const MEGABYTE = 1_000_000;
const OPEN = `${SWITCHING}\r\n`;

type Connect = RuntimeNode['connect'];

/** A client that asked for a websocket, over a plane to such a node. */
async function openSocket(connectIt: Connect, options?: PlaneOptions) {
  const plane = await openPlaneTo({ connect: connectIt }, options);
  const { client, target, ticket } = plane;
  return { plane, ...(await handshake((asked) => client.connect(target, ticket, asked))) };
}

const stayOpen: Connect = async (_, { socket }) => {
  socket.write(`${OPEN}hello`);
  await once(socket.resume(), 'end');
  socket.end();
};

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `127.0.0.1:${portOf(server.address())}`;
}

/** Passes connections on, and keeps what came. */
async function relay(address: string) {
  const taken: Socket[] = [];
  const server = createServer((socket) => {
    taken.push(socket);
    const far = connect({ host: '127.0.0.1', port: Number(address.split(':').at(-1)) });
    for (const one of [socket, far]) one.on('error', () => one.destroy());
    socket.pipe(far).pipe(socket);
  });
  return { taken, address: await listen(server) };
}

describe('a websocket', () => {
  test('is closed at once when the process of its node dies', async () => {
    const { child, client, target } = await openProcess();
    const { client: socket, gone } = await handshake((asked) =>
      client.connect(target, ticketAt(target.nodeId), asked),
    );
    await hear(socket, 'more');
    const ended = once(socket.resume(), 'end');
    child.kill('SIGKILL');
    await ended;
    socket.end();
    await gone;
  });

  test('is closed when its node closes the plane, or the API process does', async () => {
    for (const end of ['listener', 'client'] as const) {
      const { plane, client: socket, gone } = await openSocket(stayOpen);
      await hear(socket, 'hello');
      const ended = once(socket.resume(), 'end');
      await plane[end][Symbol.asyncDispose]();
      await ended;
      socket.end();
      await gone;
    }
  });

  test.each(['end', 'destroy'] as const)(
    'whose client leaves before it is answered is asked for no more (%s)',
    async (leave) => {
      const asked = Promise.withResolvers<void>();
      const left = Promise.withResolvers<void>();
      const { client: socket, gone } = await openSocket(async (_, { socket: far }) => {
        asked.resolve();
        await once(far.resume(), 'end');
        far.end();
        left.resolve();
      });
      await asked.promise;
      socket[leave]();
      await Promise.all([left.promise, gone]);
    },
  );

  test('has what its client sent before it was answered, in order', async () => {
    const mayAnswer = Promise.withResolvers<void>();
    const heard = Promise.withResolvers<string>();
    const { client: socket, atApi } = await openSocket(async (_, { socket: far, head }) => {
      await mayAnswer.promise;
      far.write(`${OPEN}hello`);
      heard.resolve(String(head) + (await hear(far, 'late')));
      far.end();
    });
    const near = await atApi;
    socket.write('early ');
    await expect.poll(() => near.readableLength).toBe('early '.length);
    mayAnswer.resolve();
    expect(await hear(socket, 'hello')).toBe(`${OPEN}hello`);
    socket.write('late');
    expect(await heard.promise).toBe('early late');
  });

  test.each(['plain TCP', 'TLS'])('may be closed one way first, over %s', async (over) => {
    await using certificates = over === 'TLS' ? await makeCertificates() : undefined;
    const { client: socket, gone } = await openSocket(
      async (_, { socket: far }) => {
        far.write(`${OPEN}hello`);
        const said = await text(far);
        far.end(`you said ${said}`);
      },
      { certificates },
    );
    await hear(socket, 'hello');
    socket.end('bye');
    expect(await hear(socket, 'bye')).toBe('you said bye');
    await gone;
  });

  test('whose client does not read holds its node up, and fills no memory', async () => {
    const chunks = chunksOf(50 * MEGABYTE);
    const sent = bodyOf(chunks);
    const { client: socket, atApi } = await openSocket(async (_, { socket: far }) => {
      far.write(OPEN);
      await pipeline(Readable.from(sent.body), far);
    });
    const near = await atApi;
    await once(socket, 'readable');
    // What is taken fits into the buffers of the sockets; the rest waits at the node.
    let before = -1;
    const isStill = () => {
      const isSame = before === sent.taken;
      before = sent.taken;
      return isSame;
    };
    await expect.poll(isStill, { interval: 250 }).toBe(true);
    expect(sent.taken).toBeLessThan(chunks.length);
    expect(near.writableLength + near.readableLength).toBeLessThan(MEGABYTE / 4);
    let bytes = 0;
    for await (const chunk of socket) bytes += chunk.length;
    expect(bytes).toBe(OPEN.length + chunks.length * MEGABYTE);
  });
});

describe('a request', () => {
  test('whose client leaves is given up, and its node hears of it', async () => {
    const asked = Promise.withResolvers<AbortSignal>();
    const { client, target, ticket } = await openPlaneTo({
      answer: async (_, { gone }) => {
        asked.resolve(gone);
        await once(gone, 'abort');
        throw new RuntimeError('runtime.not_active', 'too late');
      },
    });
    const leaving = new AbortController();
    const answer = client.answer(target, ticket, requestOf({ gone: leaving.signal }));
    const gone = await asked.promise;
    leaving.abort(new Error('the client left'));
    await expect(answer).rejects.toThrow('the client left');
    await expect.poll(() => gone.aborted).toBe(true);
    const late = client.answer(target, ticket, requestOf({ gone: leaving.signal }));
    await expect(late).rejects.toThrow('the client left');
  });

  test('is given up when the API process ends its plane', async () => {
    const asked = Promise.withResolvers<AbortSignal>();
    const { client, target, ticket } = await openPlaneTo({
      answer: async (_, { gone }) => {
        asked.resolve(gone);
        await once(gone, 'abort');
        return new Response();
      },
    });
    const answer = client.answer(target, ticket, requestOf());
    answer.catch(() => undefined);
    const gone = await asked.promise;
    await client[Symbol.asyncDispose]();
    await expect(answer).rejects.toMatchObject(UNREACHABLE);
    await expect.poll(() => gone.aborted).toBe(true);
  });

  test('whose answer is not read to its end lets the node stop', async () => {
    const stopped = Promise.withResolvers<void>();
    const { client, target, ticket } = await openPlaneTo({
      answer: async () => new Response(ReadableStream.from(endless(stopped.resolve))),
    });
    const response = await client.answer(target, ticket, requestOf());
    await response.body?.cancel();
    await stopped.promise;
  });

  test('whose answer breaks off says so', async () => {
    const mayBreak = Promise.withResolvers<void>();
    const { client, target, ticket } = await openPlaneTo({
      answer: async () => new Response(ReadableStream.from(broken(mayBreak.promise))),
    });
    const response = await client.answer(target, ticket, requestOf());
    mayBreak.resolve();
    await expect(response.text()).rejects.toMatchObject(UNREACHABLE);
  });

  test('that is answered before its body was read whole sends no more of it', async () => {
    const stopped = Promise.withResolvers<void>();
    const { client, target, ticket } = await openPlaneTo({
      answer: async (_, { body }) => {
        for await (const chunk of body) return new Response(`${chunk.length} are enough`);
        return new Response('nothing came');
      },
    });
    const body = endless(stopped.resolve);
    const response = await client.answer(target, ticket, requestOf({ method: 'POST', body }));
    expect(await response.text()).toMatch(/^\d+ are enough$/);
    await stopped.promise;
  });

  test('is never repeated, even over a connection that was kept', async () => {
    let requests = 0;
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk: Buffer) => {
        if (!String(chunk).startsWith('POST')) return;
        if (++requests === 1) {
          socket.write('HTTP/1.1 204 No Content\r\nx-bctrl-answer: runtime\r\n\r\n');
        } else socket.destroy();
      });
    });
    await using client = new DataPlaneClient({ tickets: TICKETS, keys: KEYS, tls: undefined });
    const target = { nodeId: randomUUID(), address: await listen(server) };
    const post = () =>
      client.answer(target, ticketAt(target.nodeId), requestOf({ method: 'POST' }));
    expect(await post()).toMatchObject({ status: 204 });
    await expect(post()).rejects.toMatchObject(UNREACHABLE);
    expect(requests).toBe(2);
  });

  test('uses the connection of another one that is over', async () => {
    const { client, target, ticket } = await openPlaneTo({
      answer: async (_, { body }) => new Response(await text(body)),
    });
    const { taken, address } = await relay(target.address);
    const post = async () => {
      const { body } = bodyOf([Buffer.from('some')]);
      const asked = requestOf({ method: 'POST', body });
      const response = await client.answer({ ...target, address }, ticket, asked);
      return response.text();
    };
    for (const _ of [1, 2, 3]) expect(await post()).toBe('some');
    expect(taken).toHaveLength(1);
  });

  test('may take as long as it likes; a connection without one is closed before the node would', async () => {
    const mayAnswer = Promise.withResolvers<void>();
    const { client, target, ticket } = await openPlaneTo({
      answer: async (_, { path, body }) => {
        await text(body);
        if (path === '/slow') await mayAnswer.promise;
        return new Response(path);
      },
    });
    const { taken, address } = await relay(target.address);
    const get = async (path: string) => {
      const response = await client.answer({ ...target, address }, ticket, requestOf({ path }));
      return response.text();
    };
    const slow = get('/slow');
    await expect.poll(() => taken.length).toBe(1);
    expect(await get('/quick')).toBe('/quick');
    await expect.poll(() => taken[1]?.readableEnded).toBe(true);
    mayAnswer.resolve();
    expect(await slow).toBe('/slow');
    expect(taken).toHaveLength(2);
  });
});

/** Goes on until whoever reads it stops. */
async function* endless(stopped: () => void) {
  try {
    for (;;) yield Buffer.alloc(1000);
  } finally {
    stopped();
  }
}

async function* broken(when: Promise<void>) {
  yield Buffer.from('some');
  await when;
  throw new Error('the runtime broke');
}
