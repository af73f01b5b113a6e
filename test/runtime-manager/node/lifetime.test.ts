import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { Connections } from '../../../src/runtime-manager/connections/connections.ts';
import { assertNotExpired, Tickets } from '../../../src/runtime-manager/connections/tickets.ts';
import { Control } from '../../../src/runtime-manager/control/control.ts';
import { Lifetime } from '../../../src/runtime-manager/node/lifetime.ts';
import { Transfers } from '../../../src/runtime-manager/machine/transfers.ts';

const HOUR_MS = 3_600_000;
const limits = { idleTimeoutSeconds: 60, maxDurationSeconds: 600 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A runtime as far as its time goes, which the test lets pass. */
async function openLife() {
  const onHost = await mkdtemp(join(tmpdir(), 'bctrl-life-'));
  onTestFinished(() => rm(onHost, { recursive: true }));
  await mkdir(join(onHost, 'downloads'));
  const usage = { bytesIn: 0, bytesOut: 0, connections: 0 };
  const transfers = new Transfers({ seen: '/none', onHost }, () => ({ ...usage }));
  const connections = new Connections(
    { attached: () => undefined, detached: () => undefined },
    { id: randomUUID(), generation: 1 },
  );
  const forwarder = { usage, setRoute: () => undefined, onFailure: () => undefined };
  const browser = { transfers, forwarder, endpoints: { control: new Control() } };
  const life = new Lifetime({ limits, connections, browser, openCommandMs: 300_000 });
  /** Looks every second, as the service does. */
  const lookFor = async (seconds: number, meanwhile: () => void = () => undefined) => {
    for (let second = 0; second < seconds; second++) {
      vi.advanceTimersByTime(1000);
      meanwhile();
      const over = await life.look();
      if (over) return over;
    }
    return undefined;
  };
  return { life, lookFor, connections, usage, downloads: join(onHost, 'downloads') };
}

/** The ids of those that are not the runtime's own. */
function madeFor(connections: Connections): string[] {
  return connections.list().flatMap(({ id, isOwn }) => (isOwn ? [] : [id]));
}

test.for([HOUR_MS, -HOUR_MS])(
  'a clock that is set by %d ms ends nothing and extends nothing',
  async (jumpMs) => {
    const { lookFor, connections } = await openLife();
    const tickets = new Tickets([randomBytes(32)]);
    const expiresAt = new Date(Date.now() + 30_000);
    const { id } = connections.create({ protocol: 'cdp', access: 'control', expiresAt });
    const ticket = tickets.sign({
      nodeId: randomUUID(),
      runtimeId: randomUUID(),
      generation: 1,
      connectionId: id,
      protocol: 'cdp',
      access: 'control',
      expiresAt,
    });
    vi.setSystemTime(Date.now() + jumpMs);
    expect(await lookFor(29)).toBeUndefined();
    assertNotExpired(tickets.read(ticket));
    expect(madeFor(connections)).toEqual([id]);
    vi.setSystemTime(Date.now() + jumpMs);
    expect(await lookFor(1)).toBeUndefined();
    expect(() => assertNotExpired(tickets.read(ticket))).toThrow('expired');
    expect(madeFor(connections)).toEqual([]);
    expect(await lookFor(29)).toBeUndefined();
    expect(await lookFor(1)).toBe('idle');
  },
);

test('a runtime in use all the time ends after its longest duration, whatever the clock says', async () => {
  const { lookFor, connections } = await openLife();
  const use = () => connections.touch();
  vi.setSystemTime(Date.now() + HOUR_MS);
  expect(await lookFor(599, use)).toBeUndefined();
  expect(await lookFor(1, use)).toBe('expired');
});

test('what a page sends at length is use, what it sends to be there is not', async () => {
  const { lookFor, usage } = await openLife();
  expect(await lookFor(120, () => void (usage.bytesOut += 1024 ** 2))).toBeUndefined();
  expect(await lookFor(60, () => void (usage.bytesOut += 2000))).toBe('idle');
});

test('a download is use while it grows, and for as long as a command when it does not', async () => {
  const { lookFor, downloads } = await openLife();
  const path = join(downloads, 'file.crdownload');
  await writeFile(path, 'a');
  expect(await lookFor(100)).toBeUndefined();
  await writeFile(path, 'ab');
  expect(await lookFor(300)).toBeUndefined();
  expect(await lookFor(100)).toBe('idle');
});

test('a download that is whole is use no more', async () => {
  const { lookFor, downloads } = await openLife();
  const path = join(downloads, 'file.crdownload');
  await writeFile(path, 'a');
  expect(await lookFor(100)).toBeUndefined();
  await rm(path);
  expect(await lookFor(59)).toBeUndefined();
  expect(await lookFor(2)).toBe('idle');
});
