import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import type { Bus } from '../../../src/runtime-manager/cluster/bus.ts';
import { NatsBus, type NatsOptions } from '../../../src/runtime-manager/cluster/nats-bus.ts';

/** A client with an inbox of its own, until the test is over; `logged` has its lines. */
export async function openBus(url: string, options: Partial<NatsOptions> = {}) {
  const logged: string[] = [];
  const bus = await NatsBus.open({
    servers: [url],
    name: 'a test',
    inbox: `_INBOX.${randomUUID()}`,
    nkeySeedFile: undefined,
    tls: undefined,
    log: pino({ level: 'info' }, { write: (line: string) => logged.push(line) }),
    ...options,
  });
  onTestFinished(() => bus[Symbol.asyncDispose]());
  return { bus, logged };
}

/** Resolves when what a bus serves and hears is known to all: what it sent before has arrived. */
export async function settle(bus: Bus): Promise<void> {
  const nobody = bus.request('nobody', {}, { timeoutMs: 60_000 });
  await expect(nobody).rejects.toMatchObject({ failure: 'no_responders' });
}

/** Resolves with how a request failed. */
export async function failureOf(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    () => 'answered',
    (error: unknown) => (error instanceof Error && 'failure' in error ? error.failure : error),
  );
}
