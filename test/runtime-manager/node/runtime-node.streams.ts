import { expect } from 'vitest';
import type { WebSocket } from 'ws';
import {
  bodyOf,
  connectTo,
  requestOf,
  ticketOf,
  type Echo,
} from '../../support/node-under-test.ts';
import type { NodeTest } from '../../support/node-test.ts';

const MEGABYTE = 1_000_000;
const MESSAGES = 100;
const BYTES = MESSAGES * MEGABYTE;

/** What passes through a node comes whole, and in order. */
export function testStreams(test: NodeTest): void {
  test('100 MB pass through a socket in each direction, whole and in order', async ({
    tenant: { create, node, openEcho },
  }) => {
    const runtime = await create();
    const { socket, opened } = await connectTo(node, ticketOf(runtime));
    await opened;
    const echo = await openEcho(socket, runtime);
    const heard = hearAll(socket, echo);
    heard.catch(() => undefined);
    for (let nth = 0; nth < MESSAGES; nth++) await send(socket, echo.ask(textOf(nth)));
    expect(await heard).toBe(BYTES);
  });

  test('100 MB pass as the body of a request, whole and in order', async ({
    tenant: { create, node, openLargeRequest },
  }) => {
    const ticket = ticketOf(await create(), 'webdriver');
    const { chunks, check, ...asked } = await openLargeRequest(
      (request) => node.answer(ticket, requestOf(request)),
      BYTES,
    );
    const sent = bodyOf(chunks);
    await check(await node.answer(ticket, requestOf({ ...asked, body: sent.body })));
    expect(sent.taken).toBe(chunks.length);
    expect(Buffer.concat(chunks).length).toBeGreaterThanOrEqual(BYTES);
  });

  test('a client that hangs up in the middle of its body is told of, and others are served', async ({
    tenant: { create, node },
  }) => {
    const ticket = ticketOf(await create());
    const ask = async (body: AsyncIterable<Uint8Array>) => {
      const response = await node.answer(ticket, requestOf({ body }));
      return response.text();
    };
    await expect(ask(brokenBody())).rejects.toThrow('the client hung up');
    await expect(ask(bodyOf([]).body)).resolves.toEqual(expect.any(String));
  });
}

async function* brokenBody() {
  yield Buffer.from('some');
  throw new Error('the client hung up');
}

/** Each message is one of its own, so none may be lost, doubled or moved. */
function textOf(nth: number): string {
  return `${nth}:`.padEnd(MEGABYTE, String.fromCodePoint(0x61 + (nth % 26)));
}

function send(socket: WebSocket, message: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(message, (error) => (error ? reject(error) : resolve()));
  });
}

/** Resolves with how many bytes came back, when all did. */
function hearAll(socket: WebSocket, echo: Echo): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let nth = 0;
  socket.on('message', (message: Buffer) => {
    const text = echo.heard(message.toString());
    if (text === undefined) return;
    // Not by `toBe`, which would print both.
    if (text !== textOf(nth)) reject(new Error(`message ${nth} is not what was sent`));
    if (++nth === MESSAGES) resolve(nth * MEGABYTE);
  });
  socket.once('close', () => reject(new Error(`the socket closed after ${nth} messages`)));
  return promise;
}
