import { pino } from 'pino';
import { describe, expect, test as base } from 'vitest';
import type { Bus } from '../../../src/runtime-manager/cluster/bus.ts';
import { LocalBus } from '../../../src/runtime-manager/cluster/local-bus.ts';
import { eventually } from '../../support/eventually.ts';
import { HAS_NATS, openNatsServer } from '../../support/nats-server.ts';
import { failureOf, openBus, settle } from './bus-support.ts';

const LONG = { timeoutMs: 60_000 };

/** Two ends of a bus, and what is logged at the end that serves. */
interface Ends {
  here: Bus;
  there: Bus;
  logged: string[];
}

const withServer = base.extend('server', { scope: 'file' }, async ({}, { onCleanup }) => {
  const server = await openNatsServer();
  onCleanup(() => server[Symbol.asyncDispose]());
  return server;
});

const local = withServer.extend('ends', async ({}, { onCleanup }): Promise<Ends> => {
  const logged: string[] = [];
  const bus = new LocalBus(pino({}, { write: (line: string) => logged.push(line) }));
  onCleanup(() => bus[Symbol.asyncDispose]());
  return { here: bus, there: bus, logged };
});

const nats = withServer.extend('ends', async ({ server }): Promise<Ends> => {
  const { bus: there, logged } = await openBus(server.url);
  return { here: (await openBus(server.url)).bus, there, logged };
});

describe('within one process', () => contract(local));
describe.skipIf(!HAS_NATS)('over NATS', () => contract(nats));

/** What holds for every bus. */
function contract(test: typeof local): void {
  test('a request has the answer of whoever serves its subject, as JSON', async ({ ends }) => {
    const { here, there } = ends;
    const heard: unknown[] = [];
    there.serve('test.echo', async (message) => {
      heard.push(message);
      return { message, at: new Date(0), nothing: undefined };
    });
    await settle(there);
    expect(
      await here.request('test.echo', { a: [1, undefined], b: undefined }, LONG),
    ).toStrictEqual({
      message: { a: [1, null] },
      at: '1970-01-01T00:00:00.000Z',
    });
    expect(await here.request('test.echo', undefined, LONG)).toStrictEqual({
      at: '1970-01-01T00:00:00.000Z',
    });
    expect(heard).toStrictEqual([{ a: [1, null] }, undefined]);
  });

  test('an answer may be nothing', async ({ ends: { here, there } }) => {
    there.serve('test.nothing', async () => undefined);
    await settle(there);
    expect(await here.request('test.nothing', {}, LONG)).toBeUndefined();
  });

  test('a request that nobody serves fails at once, also after whoever served it has ended', async ({
    ends: { here, there },
  }) => {
    expect(await failureOf(here.request('test.served', {}, LONG))).toBe('no_responders');
    const serving = there.serve('test.served', async () => 1);
    await settle(there);
    expect(await here.request('test.served', {}, LONG)).toBe(1);
    serving[Symbol.dispose]();
    await settle(there);
    expect(await failureOf(here.request('test.served', {}, LONG))).toBe('no_responders');
  });

  test('of those that serve in one queue, one gets each request', async ({
    ends: { here, there },
  }) => {
    const got = new Map<string, number[]>([
      ['a', []],
      ['b', []],
    ]);
    for (const [name, mine] of got) {
      const work = async (message: unknown) => {
        mine.push(Number(message));
        return name;
      };
      there.serve('test.queue', work, { queue: 'any' });
    }
    await settle(there);
    const numbers = Array.from({ length: 40 }, (_, index) => index);
    const names = await Promise.all(numbers.map((n) => here.request('test.queue', n, LONG)));
    expect(new Set(names)).toEqual(new Set(['a', 'b']));
    expect([...got.values()].flat().toSorted((one, other) => one - other)).toEqual(numbers);
  });

  test('requests are served at the same time', async ({ ends: { here, there } }) => {
    let count = 0;
    const { promise: all, resolve } = Promise.withResolvers<void>();
    there.serve('test.together', async (message) => {
      if (++count === 50) resolve();
      await all;
      return message;
    });
    await settle(there);
    const numbers = Array.from({ length: 50 }, (_, index) => index);
    const asked = numbers.map((n) => here.request('test.together', n, LONG));
    expect(await Promise.all(asked)).toEqual(numbers);
  });

  test('whoever answers hears that the asker has the answer', async ({ ends: { here, there } }) => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    there.serve('test.confirmed', async (message, call) => {
      resolve(await call.answer({ is: message }, 60_000));
      return 'another';
    });
    await settle(there);
    expect(await here.request('test.confirmed', 1, LONG)).toEqual({ is: 1 });
    expect(await promise).toBe(true);
  });

  test('whoever answers hears that the asker has given up', async ({ ends: { here, there } }) => {
    const confirmed: boolean[] = [];
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    there.serve('test.late', async (message, call) => {
      if (message === 'aborted') arrive();
      await over;
      confirmed.push(await call.answer(message, 200));
    });
    await settle(there);
    const giving = new AbortController();
    const aborted = here.request('test.late', 'aborted', { ...LONG, signal: giving.signal });
    const late = here.request('test.late', 'late', { timeoutMs: 50 });
    expect(await failureOf(late)).toBe('timeout');
    await arrived;
    giving.abort();
    expect(await failureOf(aborted)).toBe('aborted');
    end();
    await eventually(() => expect(confirmed).toEqual([false, false]));
  });

  test('a request that was given up before it was made is not sent', async ({
    ends: { here, there },
  }) => {
    const heard: unknown[] = [];
    there.serve('test.unsent', async (message) => heard.push(message));
    await settle(there);
    const signal = AbortSignal.abort();
    expect(await failureOf(here.request('test.unsent', 1, { ...LONG, signal }))).toBe('aborted');
    await here.request('test.unsent', 2, LONG);
    expect(heard).toEqual([2]);
  });

  test('work that fails is logged, and answers nothing', async ({ ends }) => {
    const { here, there, logged } = ends;
    there.serve('test.failing', async (message) => {
      if (message === 'fail') throw new Error('the work failed');
      return 'done';
    });
    await settle(there);
    const failing = here.request('test.failing', 'fail', { timeoutMs: 200 });
    expect(await failureOf(failing)).toBe('timeout');
    expect(logged.join('')).toContain('the work failed');
    expect(await here.request('test.failing', 'work', LONG)).toBe('done');
  });

  test('what is published reaches all that listen to its subject, by their wildcards', async ({
    ends: { here, there },
  }) => {
    const heard: string[] = [];
    const note = (by: string) => (message: unknown, subject: string) =>
      heard.push(`${by} ${subject} ${String(message)}`);
    for (const by of ['test.a.*', 'test.>', 'test.a.b', 'test.*.b', 'test.a']) {
      there.subscribe(by, note(by));
    }
    const ended = there.subscribe('test.>', note('ended'));
    ended[Symbol.dispose]();
    const { promise: over, resolve: end } = Promise.withResolvers<unknown>();
    there.subscribe('over', end);
    await settle(there);
    here.publish('test.a.b', 1);
    here.publish('test.a.b.c', 2);
    here.publish('tests.a.b', 3);
    here.publish('over', 4);
    expect(await over).toBe(4);
    expect(heard.toSorted()).toEqual([
      'test.*.b test.a.b 1',
      'test.> test.a.b 1',
      'test.> test.a.b.c 2',
      'test.a.* test.a.b 1',
      'test.a.b test.a.b 1',
    ]);
  });

  test('a listener that fails is logged, and hears what comes next', async ({ ends }) => {
    const { here, there, logged } = ends;
    const heard: unknown[] = [];
    there.subscribe('test.news', (message) => {
      if (message === 1) throw new Error('the listener failed');
      heard.push(message);
    });
    await settle(there);
    here.publish('test.news', 1);
    here.publish('test.news', 2);
    await eventually(() => expect(heard).toEqual([2]));
    expect(logged.join('')).toContain('the listener failed');
  });

  test('what is told to whoever serves is carried out without an answer', async ({
    ends: { here, there },
  }) => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    there.serve('test.told', async (message, call) => {
      resolve([message, await call.answer('nobody', 60_000)]);
    });
    await settle(there);
    here.publish('test.told', 'something');
    expect(await promise).toEqual(['something', false]);
  });

  test('a message over a megabyte is an error for whoever sends it', async ({ ends }) => {
    const { here, there, logged } = ends;
    const large = 'x'.repeat(1024 * 1024);
    expect(() => here.publish('test.large', large)).toThrow(
      /test\.large: the message has 1048578 bytes, and the bus carries 1048576 at most/,
    );
    await expect(here.request('test.large', large, LONG)).rejects.toThrow(RangeError);
    const { promise, resolve } = Promise.withResolvers<unknown>();
    there.serve('test.large', async (message, call) => {
      if (message === 'answered') return large;
      const answer = call.answer(large, 60_000);
      return answer.catch(resolve);
    });
    await settle(there);
    const asked = ['answered', 'confirmed'].map((message) =>
      failureOf(here.request('test.large', message, { timeoutMs: 200 })),
    );
    expect(await Promise.all(asked)).toEqual(['timeout', 'timeout']);
    expect(await promise).toBeInstanceOf(RangeError);
    expect(logged.join('')).toContain('the message has 1048578 bytes');
  });

  test('the end of a bus ends its requests, and all that it serves', async ({ ends }) => {
    const { here, there } = ends;
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    there.serve('test.endless', async () => {
      resolve();
      await new Promise(() => undefined);
    });
    await settle(there);
    const asked = failureOf(here.request('test.endless', {}, LONG));
    await arrived;
    await here[Symbol.asyncDispose]();
    expect(await asked).toBe('interrupted');
    expect(here.isConnected).toBe(false);
    expect(await failureOf(here.request('test.endless', {}, LONG))).toBe('disconnected');
    here.publish('test.endless', {});
    await here[Symbol.asyncDispose]();
  });
}
