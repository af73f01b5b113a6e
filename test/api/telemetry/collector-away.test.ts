import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { WatchedExporter } from '../../../src/api/telemetry/watched-exporter.ts';
import { openFakeService } from '../../support/service.ts';

const FAILED = { code: ExportResultCode.FAILED, error: new Error('connect ECONNREFUSED') };
/** The flush and, on a busy machine, all else that an end takes; the exporter alone would wait for 10 s. */
const END_MS = 8000;

/** The address of a collector that accepts connections and says nothing, or of none. */
async function addressOf(collector: 'hangs' | 'is down'): Promise<string> {
  const silent = createServer(() => undefined);
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  if (collector === 'is down') silent.close();
  else onTestFinished(() => void silent.close());
  return `http://127.0.0.1:${port}/v1/traces`;
}

test.for(['hangs', 'is down'] as const)(
  'requests and the end do not wait for a collector that %s',
  async (collector) => {
    const url = await addressOf(collector);
    const service = await openFakeService({
      tracing: {
        url,
        headers: {},
        serviceName: undefined,
        resourceAttributes: {},
        sampler: 'always_on',
        samplerRatio: 1,
      },
    });
    for (let nth = 0; nth < 20; nth++) {
      expect(await service.call('GET', '/v1/capacity')).toMatchObject({ status: 200 });
    }
    const began = performance.now();
    await service[Symbol.asyncDispose]();
    expect(performance.now() - began).toBeLessThan(END_MS);
  },
);

test('that spans cannot be sent is logged once, and once that they can again', () => {
  const logged: string[] = [];
  const log = pino(
    { base: null, timestamp: false },
    { write: (line: string) => logged.push(line) },
  );
  let result: ExportResult = FAILED;
  const inner = {
    export: (_: unknown, done: (result: ExportResult) => void) => done(result),
    shutdown: async () => undefined,
  };
  const exporter = new WatchedExporter(inner, log);
  const told: ExportResult[] = [];
  const send = () => exporter.export([], (one) => told.push(one));
  send();
  send();
  expect(told).toEqual([FAILED, FAILED]);
  result = { code: ExportResultCode.SUCCESS };
  send();
  send();
  expect(logged.map((line) => JSON.parse(line))).toEqual([
    { level: 40, reason: 'connect ECONNREFUSED', msg: 'traces cannot be sent, and are dropped' },
    { level: 30, msg: 'traces are sent again' },
  ]);
});
