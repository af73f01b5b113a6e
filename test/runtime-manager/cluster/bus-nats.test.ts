import { connect } from '@nats-io/transport-node';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test as base } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { HAS_NATS, openNatsServer } from '../../support/nats-server.ts';
import { failureOf, openBus, settle } from './bus-support.ts';

const LONG = { timeoutMs: 60_000 };
const BUS = new URL('../../../src/runtime-manager/cluster/nats-bus.ts', import.meta.url);

const test = base.extend('server', async ({ skip }, { onCleanup }) => {
  skip(!HAS_NATS, 'there is no nats-server');
  const server = await openNatsServer();
  onCleanup(() => server[Symbol.asyncDispose]());
  return server;
});

test('a request whose server dies fails at once, and what was served is served again after it', async ({
  server,
}) => {
  const { bus: here, logged } = await openBus(server.url);
  const { bus: there } = await openBus(server.url);
  const { promise: arrived, resolve } = Promise.withResolvers<void>();
  const heard: unknown[] = [];
  there.subscribe('test.news', (message) => heard.push(message));
  there.serve('test.work', async (message) => {
    if (message !== 'endless') return message;
    resolve();
    return new Promise(() => undefined);
  });
  await settle(there);
  const asked = failureOf(here.request('test.work', 'endless', LONG));
  await arrived;
  await server.kill();
  expect(await asked).toBe('interrupted');
  expect(here.isConnected).toBe(false);
  expect(await failureOf(here.request('test.work', 1, LONG))).toBe('disconnected');
  here.publish('test.news', 'lost');

  await server.restart();
  await eventually(() => expect([here.isConnected, there.isConnected]).toEqual([true, true]));
  expect(await here.request('test.work', 2, LONG)).toBe(2);
  here.publish('test.news', 'told');
  await eventually(() => expect(heard).toEqual(['told']));
  const lines = logged.map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { level: 40, msg: 'the connection to NATS is lost', server: server.url.slice(7) },
    { level: 30, msg: 'the connection to NATS is back', server: server.url.slice(7) },
  ]);
});

test('nothing that was said without a connection is sent when it is back', async ({ server }) => {
  const { bus: here } = await openBus(server.url);
  const { bus: there } = await openBus(server.url);
  const heard: unknown[] = [];
  there.subscribe('test.>', (message) => heard.push(message));
  await settle(there);
  await server.kill();
  await eventually(() => expect([here.isConnected, there.isConnected]).toEqual([false, false]));
  const restarted = server.restart();
  // Also while the connection is being made.
  while (!here.isConnected || !there.isConnected) {
    if (!here.isConnected) {
      here.publish('test.published', 'early');
      expect(await failureOf(here.request('test.asked', 'early', LONG))).toBe('disconnected');
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await restarted;
  await settle(there);
  here.publish('test.published', 'late');
  await eventually(() => expect(heard).toEqual(['late']));
});

test.for([
  ['nothing is under way', 0],
  ['more is under way than fits between them', 64],
] as const)(
  'a server that answers nothing counts as lost, when %s',
  async ([, megabytes], { server }) => {
    const { bus: here, logged } = await openBus(server.url);
    const { bus: there } = await openBus(server.url);
    there.serve('test.work', async (message) => message);
    await settle(there);
    await server.pause();
    for (let i = 0; i < megabytes; i++) here.publish('test.much', 'x'.repeat(1_000_000));
    expect(await failureOf(here.request('test.work', 1, LONG))).toBe('interrupted');
    expect(here.isConnected).toBe(false);
    server.resume();
    await eventually(() => expect([here.isConnected, there.isConnected]).toEqual([true, true]));
    expect(await here.request('test.work', 2, LONG)).toBe(2);
    expect(logged.filter((line) => line.includes('is lost'))).toHaveLength(1);
  },
);

test('an answer whose asker is out of reach is not confirmed', async ({ server }) => {
  const { bus: here } = await openBus(server.url);
  const { bus: there } = await openBus(server.url);
  const { promise: confirmed, resolve: confirm } = Promise.withResolvers<boolean[]>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  there.serve('test.work', async (_, call) => {
    await server.pause();
    arrive();
    const before = await call.answer('unheard', 60_000);
    confirm([before, await call.answer('unsent', 60_000)]);
  });
  await settle(there);
  const asked = failureOf(here.request('test.work', {}, LONG));
  await arrived;
  expect(await confirmed).toEqual([false, false]);
  expect(await asked).toBe('interrupted');
  server.resume();
});

test('what was said just before the end is sent', async ({ server }) => {
  const { bus: there } = await openBus(server.url);
  const heard: unknown[] = [];
  there.subscribe('test.last', (message) => heard.push(message));
  await settle(there);
  const { bus: here } = await openBus(server.url);
  // More than the system takes at once.
  await server.pause();
  for (let i = 0; i < 16; i++) here.publish('test.last', 'x'.repeat(1_000_000));
  const ended = here[Symbol.asyncDispose]();
  server.resume();
  await ended;
  await eventually(() => expect(heard).toHaveLength(16));
});

test('a message that is not JSON is logged without what it says, and ignored', async ({
  server,
}) => {
  const { bus, logged } = await openBus(server.url);
  const heard: unknown[] = [];
  bus.subscribe('test.news', (message) => heard.push(message));
  bus.serve('test.work', async (message) => heard.push(message));
  await settle(bus);
  const other = await connect({ servers: server.url });
  onTestFinished(() => other.close());
  other.subscribe('test.odd', { callback: (_, message) => void message.respond('a secret') });
  other.publish('test.news', 'a secret');
  other.publish('test.work', 'a secret');
  other.publish('test.news', '1');
  await eventually(() => expect(heard).toEqual([1]));
  const asked = bus.request('test.odd', {}, LONG);
  await expect(asked).rejects.toMatchObject({
    failure: 'interrupted',
    cause: { message: 'the message is not JSON' },
  });
  expect(logged.map((line) => JSON.parse(line))).toMatchObject([
    { level: 50, subject: 'test.news', bytes: 8 },
    { level: 50, subject: 'test.work', bytes: 8 },
  ]);
  expect(logged.join('')).not.toContain('secret');
});

test.for(['connected', 'paused'] as const)(
  'a process whose bus has ended ends, when its server was %s',
  async (state, { server }) => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `
        import { once } from 'node:events';
        import { pino } from ${JSON.stringify(import.meta.resolve('pino'))};
        import { NatsBus } from ${JSON.stringify(BUS.href)};
        const log = pino({}, { write: (line) => process.stdout.write(line) });
        const options = { name: 'child', inbox: '_INBOX.child', servers: ['${server.url}'], log };
        const bus = await NatsBus.open(options);
        bus.serve('test.child', async () => 1);
        console.log('opened');
        await once(process.stdin, 'data');
        process.stdin.destroy();
        await bus[Symbol.asyncDispose]();
        `,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stdout.on('data', (chunk) => (said += String(chunk)));
    await eventually(() => expect(said).toContain('opened'));
    if (state === 'paused') {
      await server.pause();
      // From then on it connects again, and nobody greets it.
      await eventually(() => expect(said).toContain('is lost'));
    }
    child.stdin.write('end');
    expect(await once(child, 'exit')).toEqual([0, null]);
  },
);

test('any of several servers will do', async ({ server }) => {
  const { bus } = await openBus('', {
    servers: [`nats://127.0.0.1:${await freePort()}`, server.url],
  });
  expect(bus.isConnected).toBe(true);
});

base.for([
  [
    'nats://127.0.0.1:1',
    /^The NATS server of NATS_URL \(127\.0\.0\.1:1\) refuses the connection\.$/,
  ],
  ['nats://me:secret@127.0.0.1:1', /^The NATS server of NATS_URL \(127\.0\.0\.1:1\) refuses/],
  ['nats://[::1]:1', /\(\[::1\]:1\) refuses the connection/],
  ['nats://nowhere.invalid', /\(nowhere\.invalid:4222\) has a name that is not found\.$/],
  [
    'http://secret@127.0.0.1:1',
    /^NATS_URL must be like nats:\/\/host:4222 or tls:\/\/host:4222\.$/,
  ],
  ['secret', /^NATS_URL must be like/],
  ['nats://sec%ret@127.0.0.1:1', /^The credentials of NATS_URL have to be percent-encoded\.$/],
] as const)('a bus at %s cannot be opened, in a sentence without secrets', async ([url, said]) => {
  const opened = openBus(url);
  await expect(opened).rejects.toThrow(said);
  await expect(opened).rejects.not.toThrow(/secret/);
});

base('servers with different credentials are refused, without telling them', async () => {
  const servers = ['nats://a:secret@127.0.0.1:1', 'nats://b:secret@127.0.0.1:2'];
  const opened = openBus('', { servers });
  await expect(opened).rejects.toThrow(
    /^The servers of NATS_URL have to take the same credentials\.$/,
  );
});

base.for([
  ['says nothing', '', /does not answer\.$/],
  ['speaks something else', 'HTTP/1.1 400 Bad Request\r\n\r\n', /is not a server of NATS\.$/],
  [
    'greets, and says nothing more',
    'INFO {"version":"2.9.10","max_payload":1}\r\n',
    /greets, and then does not answer\.$/,
  ],
] as const)('a server that %s is an error', async ([, text, said]) => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(text);
  });
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(openBus(`nats://127.0.0.1:${port}`)).rejects.toThrow(said);
});

/** A port at which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
