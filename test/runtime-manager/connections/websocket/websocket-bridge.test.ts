import { once } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import { connect, createServer as createTcpServer, Socket, type AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import {
  WebSocketBridge,
  type Acting,
  type BridgeOptions,
  type Wire,
} from '../../../../src/runtime-manager/connections/websocket/websocket-bridge.ts';
import {
  OPCODE,
  clientTextFrame,
  serverFrame,
} from '../../../../src/runtime-manager/connections/websocket/websocket-frames.ts';
import { inspectCdp } from '../../../../src/runtime-manager/connections/cdp/cdp-inspection.ts';

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\n\r\n';
const inspect = inspectCdp('control', {
  seen: '/none',
  onHost: '/none',
  stagehandExtension: '/none',
});

interface End {
  socket: Socket;
  /** Waits until this end has received so many bytes after the handshake. */
  received: (bytes: number) => Promise<Buffer>;
}

function endOf(socket: Socket): End {
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  const received = async (wanted: number) => {
    for (;;) {
      const start = bytes.indexOf('\r\n\r\n') + 4;
      if (start >= 4 && bytes.length - start >= wanted) return bytes.subarray(start);
      await once(socket, 'data');
    }
  };
  return { socket, received };
}

/** A client and a far end, with a bridge between. */
async function openBridge(options: Partial<BridgeOptions>): Promise<{ client: End; far: End }> {
  const joined = Promise.withResolvers<End>();
  const farServer = createTcpServer((socket) => {
    const far = endOf(socket);
    void far.received(0).then(() => {
      socket.write(SWITCHING);
      joined.resolve(far);
    });
  });
  const bridgeServer = createServer();
  for (const server of [farServer, bridgeServer]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
  }
  const { port } = farServer.address() as AddressInfo;
  bridgeServer.on('upgrade', (request, socket, head) => {
    const all = { inspect, onActivity: () => undefined, ...options };
    const upstream = connect(port, '127.0.0.1');
    new WebSocketBridge({ request, socket, head }, { upstream, path: '/' }, all);
  });
  const client = endOf(connect((bridgeServer.address() as AddressInfo).port, '127.0.0.1'));
  client.socket.write(
    'GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n',
  );
  const far = await joined.promise;
  await client.received(0);
  return { client, far };
}

const command = (id: number, method: string) =>
  clientTextFrame(Buffer.from(`{ "id": ${id},  "method": "${method}", "params": {} }`));
const answer = (id: number) => serverFrame(OPCODE.text, Buffer.from(`{"id":${id},"result":{}}`));

test('the same bytes pass both ways when nobody acts for the client', async () => {
  const { client, far } = await openBridge({});
  const sent = Buffer.concat([command(1, 'Input.dispatchMouseEvent'), command(2, 'Page.enable')]);
  client.socket.write(sent);
  expect(await far.received(sent.length)).toEqual(sent);
  const answers = Buffer.concat([answer(1), answer(2_147_483_647), answer(2)]);
  far.socket.write(answers);
  expect(await client.received(answers.length)).toEqual(answers);
});

test('the acting gets the messages that it takes and the answers to its own, and the rest passes as it came', async () => {
  const taken: string[] = [];
  const answered: string[] = [];
  const acting: Acting = {
    answerStartBytes: 18,
    isFull: false,
    take: (payload) => payload.includes('Input.') && taken.push(payload.toString()) > 0,
    isAnswer: (start) => start.includes('"id":2147483647'),
    answer: (payload) => void answered.push(payload.toString()),
    close: () => undefined,
  };
  const { client, far } = await openBridge({ act: () => acting });
  const passing = command(2, 'Page.enable');
  client.socket.write(Buffer.concat([command(1, 'Input.dispatchMouseEvent'), passing]));
  expect(await far.received(passing.length)).toEqual(passing);
  expect(taken).toEqual([expect.stringContaining('Input.dispatchMouseEvent')]);
  const large = serverFrame(OPCODE.text, Buffer.alloc(200_000, 'x'));
  far.socket.write(Buffer.concat([answer(1), answer(2_147_483_647), large]));
  const left = Buffer.concat([answer(1), large]);
  expect(await client.received(left.length)).toEqual(left);
  expect(answered).toEqual(['{"id":2147483647,"result":{}}']);
});

test("the client's socket stays untouched when the far end refuses it, or goes away", async () => {
  for (const [said, code] of [
    ['HTTP/1.1 500 Internal Server Error\r\n\r\nNo such target', 'connection.not_found'],
    ['', 'connection.failed'],
  ] as const) {
    const farServer = createTcpServer((socket) => socket.end(said));
    farServer.listen(0, '127.0.0.1');
    await once(farServer, 'listening');
    onTestFinished(() => void farServer.close());
    const { port } = farServer.address() as AddressInfo;
    const client = new PassThrough();
    const request = new IncomingMessage(new Socket());
    const options = { inspect, onActivity: () => undefined };
    const bridge = new WebSocketBridge(
      { request, socket: client, head: Buffer.alloc(0) },
      { upstream: connect(port, '127.0.0.1'), path: '/' },
      options,
    );
    await expect(bridge.ended).rejects.toMatchObject({ code });
    expect(client.writableLength + client.readableLength).toBe(0);
    expect(client.destroyed).toBe(false);
  }
});

test('the acting is closed when the client has gone', async () => {
  const closed = Promise.withResolvers<void>();
  const acting: Acting = {
    answerStartBytes: 18,
    isFull: false,
    take: () => false,
    isAnswer: () => false,
    answer: () => undefined,
    close: () => closed.resolve(),
  };
  const { client } = await openBridge({ act: () => acting });
  client.socket.destroy();
  await closed.promise;
});

test('what the acting holds back for a moment is sent before the client leaves', async () => {
  const held = Promise.withResolvers<void>();
  const taken = Promise.withResolvers<Wire>();
  const actFor = (wire: Wire): Acting => ({
    answerStartBytes: 18,
    isFull: false,
    held: held.promise,
    take: () => {
      taken.resolve(wire);
      return true;
    },
    isAnswer: () => false,
    answer: () => undefined,
    close: () => undefined,
  });
  const { client, far } = await openBridge({ act: actFor });
  const leaving = Buffer.from([0x88, 0x80, 0, 0, 0, 0]);
  client.socket.end(Buffer.concat([command(1, 'Target.closeTarget'), leaving]));
  const wire = await taken.promise;
  const closed = once(far.socket, 'close');
  const payload = Buffer.from('{"id":1}');
  wire.send(payload);
  held.resolve();
  const sent = clientTextFrame(payload);
  const received = await far.received(sent.length + leaving.length);
  expect(received).toEqual(Buffer.concat([sent, leaving]));
  await closed;
});
