/** What receivers may do to whoever sends them messages. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { EgressRefusal } from '../../../src/runtime-manager/egress/egress-errors.ts';
import { EgressPolicy } from '../../../src/runtime-manager/egress/egress-policy.ts';
import { ReservedPorts } from '../../../src/runtime-manager/egress/reserved-ports.ts';
import { generateWebhookSecret } from '../../../src/runtime-manager/webhooks/message.ts';
import { Sender } from '../../../src/runtime-manager/webhooks/sender.ts';
import { answering, Receiver } from '../../support/receiver.ts';

const MESSAGE = { id: 'msg_1', body: '{"type":"runtime.stopped","data":{}}' };
const EVERYWHERE = new EgressPolicy({ allow: ['*'], reservedPorts: new ReservedPorts([]) });
const NEVER = new AbortController().signal;

function senderWith(policy = EVERYWHERE, answerTimeoutMs = 30_000) {
  const sender = new Sender({ policy, version: '1', answerTimeoutMs });
  onTestFinished(() => sender[Symbol.dispose]());
  return (url: string) =>
    sender.send({ id: 'w', url, secrets: [generateWebhookSecret()] }, MESSAGE, NEVER);
}

async function openReceiver() {
  const receiver = await Receiver.open();
  onTestFinished(() => receiver[Symbol.asyncDispose]());
  return receiver;
}

/** A server that speaks no HTTP of its own accord. */
async function openServer(serve: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    socket.resume();
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, sockets };
}

test('a name leads to the address that was judged, and to no other', async () => {
  const receiver = await openReceiver();
  const judged: string[] = [];
  // A name server that says something else to whoever asks again.
  const policy = {
    resolve: async ({ host }: { host: string }) => {
      judged.push(host);
      if (judged.length > 1) throw new EgressRefusal('private_address');
      return ['127.0.0.1'];
    },
  } as unknown as EgressPolicy;
  const send = senderWith(policy);
  receiver.answer = answering(204, { connection: 'close' });
  const url = `http://rebinding.example:${receiver.port}/`;
  expect(await send(url)).toMatchObject({ isDelivered: true });
  expect(await send(url)).toMatchObject({ isDelivered: false, error: 'private_address' });
  expect(judged).toEqual(['rebinding.example', 'rebinding.example']);
  expect(receiver.received).toHaveLength(1);
});

test('a port of mail servers, or one that browsers block, is never connected to', async () => {
  const send = senderWith();
  for (const port of [25, 22, 6667]) {
    const refused = { isDelivered: false, error: 'unusual_port' };
    expect(await send(`http://127.0.0.1:${port}/`), String(port)).toMatchObject(refused);
  }
});

test('private and forbidden addresses are refused in whatever form', async () => {
  const policy = new EgressPolicy({ allow: [], reservedPorts: new ReservedPorts([]) });
  const send = senderWith(policy);
  for (const host of [
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    'localhost',
    'a.localhost',
    '10.0.0.1',
    '0.0.0.0',
  ]) {
    expect(await send(`http://${host}:8080/`), host).toMatchObject({ error: 'private_address' });
  }
  expect(await send('http://169.254.169.254/latest')).toMatchObject({ error: 'forbidden_address' });
});

test('a redirect is not followed', async () => {
  const [receiver, other] = [await openReceiver(), await openReceiver()];
  const send = senderWith();
  for (const status of [301, 302, 303, 307, 308]) {
    receiver.answer = answering(status, { location: other.url });
    expect(await send(receiver.url)).toMatchObject({ isDelivered: false, error: 'redirect' });
  }
  expect(other.received).toEqual([]);
});

test('an answer without an end is cut off, and its status counts', async () => {
  const { url, sockets } = await openServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n');
    const more = () => {
      while (socket.writable && socket.write('x'.repeat(16_384)));
    };
    socket.on('drain', more);
    more();
  });
  expect(await senderWith()(url)).toMatchObject({ isDelivered: true, responseStatus: 200 });
  await expect.poll(() => sockets.size).toBe(0);
});

test('a receiver that answers byte by byte, or not at all, is given up', async () => {
  const slow = await openServer((socket) => {
    const drip = setInterval(() => socket.write('x-'), 50);
    socket.write('HTTP/1.1 200 OK\r\n');
    socket.on('close', () => clearInterval(drip));
  });
  const silent = await openServer(() => undefined);
  const send = senderWith(EVERYWHERE, 1000);
  const [one, other] = await Promise.all([send(slow.url), send(silent.url)]);
  expect(one).toMatchObject({ isDelivered: false, error: 'timed_out' });
  expect(other).toMatchObject({ isDelivered: false, error: 'timed_out' });
  await expect.poll(() => slow.sockets.size + silent.sockets.size).toBe(0);
});

test('headers without an end, and what is no HTTP, are failures with a word', async () => {
  const endless = await openServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    for (let nth = 0; nth < 1000; nth++) socket.write(`x-${nth}: ${'y'.repeat(100)}\r\n`);
  });
  const other = await openServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
  const send = senderWith();
  expect(await send(endless.url)).toMatchObject({ error: 'invalid_answer' });
  expect(await send(other.url)).toMatchObject({ error: 'invalid_answer' });
});

test('a connection that the receiver closed meanwhile is no failure', async () => {
  const receiver = await openReceiver();
  const send = senderWith();
  for (let nth = 1; nth <= 20; nth++) {
    receiver.answer = (_message, response) => {
      response.end('ok');
      // Node's agent keeps the connection, as the answer said it may.
      response.on('close', () => response.socket?.destroy());
    };
    expect(await send(receiver.url)).toMatchObject({ isDelivered: true });
  }
});
