import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HEADERS } from '../../../src/runtime-manager/cluster/data-plane/headers.ts';
import { LineClient } from '../../../src/runtime-manager/cluster/lines/line-client.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from './bus-support.ts';
import { makeCertificates, openPlaneTo, type PlaneOptions } from './data-plane-support.ts';
import { openTap } from './line-taps.ts';

const LONG = { timeoutMs: 60_000 };
const UNREACHABLE = { code: 'runtime.unreachable' };

/** A line to a node, and the port that it leads to. */
async function openLine(options: PlaneOptions = {}) {
  const plane = await openPlaneTo({}, options);
  const line = await plane.client.openLine(plane.target);
  return { ...plane, line, here: new LineClient(line) };
}

/** A line through a place in the network where it is listened to. */
async function openTappedLine(change?: Parameters<typeof openTap>[1]) {
  const plane = await openPlaneTo({});
  const tap = await openTap(plane.listener.port, change);
  const target = { ...plane.target, address: tap.address };
  const line = await plane.client.openLine(target);
  return { ...plane, tap, line, here: new LineClient(line) };
}

describe.for(['without TLS', 'over TLS'])('%s', (how) => {
  test('a request has the answer of whoever serves its subject, as JSON', async () => {
    await using certificates = await makeCertificates();
    const { here, lines } = await openLine({
      certificates: how === 'over TLS' ? certificates : undefined,
    });
    const heard: unknown[] = [];
    lines.serve('test.echo', async (message) => {
      heard.push(message);
      return { message, at: new Date(0), nothing: undefined };
    });
    lines.serve('test.nothing', async () => undefined);
    const text = 'é\n€\u2028'.repeat(40_000);
    expect(await here.request('test.echo', { a: [1, undefined], text }, LONG)).toStrictEqual({
      message: { a: [1, null], text },
      at: '1970-01-01T00:00:00.000Z',
    });
    expect(await here.request('test.nothing', undefined, LONG)).toBeUndefined();
    expect(heard).toStrictEqual([{ a: [1, null], text }]);
  });
});

test('requests are served at the same time, and each has its answer', async () => {
  const { here, lines } = await openLine();
  let count = 0;
  const { promise: all, resolve } = Promise.withResolvers<void>();
  lines.serve('test.together', async (message) => {
    if (++count === 50) resolve();
    await all;
    return message;
  });
  const numbers = Array.from({ length: 50 }, (_, index) => index);
  const asked = numbers.map((n) => here.request('test.together', n, LONG));
  expect(await Promise.all(asked)).toEqual(numbers);
});

test('a request that nobody serves fails at once, also after whoever served it has ended', async () => {
  const { here, lines } = await openLine();
  expect(await failureOf(here.request('test.served', {}, LONG))).toBe('no_responders');
  const serving = lines.serve('test.served', async () => 1);
  expect(await here.request('test.served', {}, LONG)).toBe(1);
  serving[Symbol.dispose]();
  expect(await failureOf(here.request('test.served', {}, LONG))).toBe('no_responders');
});

test('whoever answers hears whether the asker has the answer', async () => {
  const { here, lines } = await openLine();
  const confirmed: boolean[] = [];
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  lines.serve('test.confirmed', async (message, call) => {
    if (message !== 'at once') await over;
    confirmed.push(await call.answer({ is: message }, 300));
    return 'another';
  });
  expect(await here.request('test.confirmed', 'at once', LONG)).toEqual({ is: 'at once' });
  await eventually(() => expect(confirmed).toEqual([true]));
  const giving = new AbortController();
  const aborted = here.request('test.confirmed', 'aborted', { ...LONG, signal: giving.signal });
  const late = here.request('test.confirmed', 'late', { timeoutMs: 50 });
  expect(await failureOf(late)).toBe('timeout');
  giving.abort();
  expect(await failureOf(aborted)).toBe('aborted');
  const { signal } = giving;
  const unsent = here.request('test.confirmed', 'at once', { ...LONG, signal });
  expect(await failureOf(unsent)).toBe('aborted');
  end();
  await eventually(() => expect(confirmed).toEqual([true, false, false]));
});

test('an answer on a line that breaks before it is confirmed is not confirmed', async () => {
  const { here, lines, line } = await openLine();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  lines.serve('test.broken', async (_, call) => {
    line[Symbol.dispose]();
    resolve(await call.answer('an answer', 60_000));
  });
  expect(await failureOf(here.request('test.broken', {}, LONG))).toBe('interrupted');
  expect(await promise).toBe(false);
  expect(await failureOf(here.request('test.broken', {}, LONG))).toBe('disconnected');
});

test('work that fails, and news that cannot be taken, are logged', async () => {
  const { here, lines, logged } = await openLine();
  lines.serve('test.failing', async () => {
    throw new Error('the work failed');
  });
  const heard: unknown[] = [];
  lines.subscribe('test.news', (message) => {
    if (message === 1) throw new Error('the listener failed');
    heard.push(message);
  });
  here.publish('test.news', 1);
  here.publish('test.news', 2);
  here.publish('test.unheard', 3);
  expect(await failureOf(here.request('test.failing', {}, { timeoutMs: 200 }))).toBe('timeout');
  expect(heard).toEqual([2]);
  expect(JSON.stringify(logged)).toContain('the work failed');
  expect(JSON.stringify(logged)).toContain('the listener failed');
});

test('a message over a megabyte is an error for whoever says it, and the line goes on', async () => {
  const { here, lines } = await openLine();
  const large = 'x'.repeat(1024 * 1024);
  await expect(here.request('test.large', large, LONG)).rejects.toThrow(RangeError);
  lines.serve('test.large', async (message) => (message === 1 ? large : message));
  expect(await failureOf(here.request('test.large', 1, { timeoutMs: 200 }))).toBe('timeout');
  expect(await here.request('test.large', 2, LONG)).toBe(2);
});

test('the end of a node closes its lines, and that of an API process, too', async () => {
  for (const end of ['lines', 'client'] as const) {
    const opened = await openLine();
    const { here, lines, line } = opened;
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    lines.serve('test.endless', async () => {
      resolve();
      await new Promise(() => undefined);
    });
    const asked = failureOf(here.request('test.endless', {}, LONG));
    await arrived;
    if (end === 'lines') lines[Symbol.dispose]();
    else await opened.client[Symbol.asyncDispose]();
    expect(await asked).toBe('interrupted');
    await line.closed;
    expect(here.isOpen).toBe(false);
  }
});

test('a stranger opens no line, and a node opens none for another one', async () => {
  const { listener, target } = await openPlaneTo({});
  const { client } = await openPlaneTo({}, { keys: [randomBytes(32)] });
  await expect(client.openLine(target)).rejects.toMatchObject(UNREACHABLE);
  const ours = await openPlaneTo({});
  const other = { ...target, nodeId: randomUUID() };
  await expect(ours.client.openLine(other)).rejects.toMatchObject(UNREACHABLE);
  const socket = dial(listener.port);
  socket.write(
    'GET /line?nonce=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  );
  expect(await heardOf(socket)).toMatch(/^HTTP\/1.1 401 /);
});

test('what is not the node gets no order, whatever it answers', async () => {
  const { client, target, listener } = await openPlaneTo({});
  const nonce = new RegExp(`${HEADERS.nonce}: [\\w-]+`);
  const changed = await openTap(listener.port, (chunk, from) =>
    from === 'near' ? chunk : Buffer.from(String(chunk).replace(nonce, `${HEADERS.nonce}: other`)),
  );
  const there = { ...target, address: changed.address };
  await expect(client.openLine(there)).rejects.toMatchObject(UNREACHABLE);
});

test('what was heard on one line says nothing on another', async () => {
  const { here, lines, tap, listener } = await openTappedLine();
  const heard: unknown[] = [];
  lines.serve('test.order', async (message) => heard.push(message));
  await here.request('test.order', 'an order', LONG);
  const [{ said } = { said: { near: Buffer.alloc(0) } }] = tap.tapped;
  // All that the API process said, just now, at the node that it was for.
  const replayed = dial(listener.port);
  replayed.write(said.near);
  expect(await heardOf(replayed)).toMatch(/^HTTP\/1.1 101 /);
  expect(heard).toEqual(['an order']);
});

test('what is no message closes the line', async () => {
  const { line, here, lines } = await openTappedLine((chunk) =>
    String(chunk).includes('an order') ? Buffer.from('no JSON\n') : chunk,
  );
  lines.serve('test.order', async () => 'done');
  expect(await failureOf(here.request('test.order', 'an order', LONG))).toBe('interrupted');
  await line.closed;
});

test('after a rotation, a line opens between a process that signs with the new key and one with the old', async () => {
  const [older, newer] = [randomBytes(32), randomBytes(32)];
  const { here, lines } = await openLine({ keys: [newer, older], clientKeys: [older, newer] });
  lines.serve('test.echo', async (message) => message);
  expect(await here.request('test.echo', 1, LONG)).toBe(1);
});

function dial(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** All that comes over a connection until it is closed. */
async function heardOf(socket: Socket): Promise<string> {
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += String(chunk)));
  await once(socket, 'close');
  return heard;
}
