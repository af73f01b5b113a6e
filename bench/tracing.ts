/**
 * What tracing costs a create that takes a ready browser: a service that is traced, with a receiver beside
 * it, against one that is not, in turn. Where nothing is traced the calls are still made, so these are timed
 * alone, and held against the create. Exits with 1 when a goal is missed.
 *
 *     node bench/tracing.ts [--rounds=100] [--seconds=600]
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { continued, inSpan } from '../src/runtime-manager/tracing/tracing.ts';
import { budgetOf, ONCE } from './suite/budget.ts';
import { printRows } from './suite/report.ts';
import { isMissed, rowOf, timesAtMost, valueAtMost } from './suite/rows.ts';
import { openService, type BenchService } from './suite/service.ts';
import { settle } from './suite/settle.ts';
import { interleave, median } from './suite/statistics.ts';

const OFF = 1.01;
const ON = 1.1;
/** How many spans a create makes in one process, with that of its request. */
const SPANS = 6;
const CALLS = 20_000;
const IDS = { 'bctrl.runtime.id': 'an id', 'bctrl.node.id': 'another' };

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '600' },
  },
});

await using held = new AsyncDisposableStack();
const receiver = await openReceiver(held);
const off = held.use(await openService({}, 'not traced'));
const on = held.use(await openService({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }, 'traced'));
const taken = new Map<BenchService, number[]>([
  [off, []],
  [on, []],
]);
const sample = async (service: BenchService) => {
  await settle(off, on);
  const began = performance.now();
  const runtime = await service.create();
  taken.get(service)?.push(performance.now() - began);
  await runtime.end();
};
// The first of each compiles what it runs.
await interleave(ONCE, [off, on], sample);
for (const samples of taken.values()) samples.length = 0;
await interleave(budgetOf(Number(values.rounds), Number(values.seconds)), [off, on], sample);
if (receiver.bytes === 0) throw new Error('nothing was traced');

const asOff = { name: 'not traced', samples: taken.get(off) ?? [] };
const callsMs = await callsOfCreate();
const share = 1 + callsMs / median(asOff.samples);
const rows = [
  rowOf('create, not traced', 'ms', asOff.samples),
  rowOf('create, traced', 'ms', taken.get(on) ?? [], timesAtMost(ON, asOff)),
  rowOf('calls that make no span', 'ms', [callsMs], valueAtMost(share, OFF, 'with the create', '')),
];
printRows(rows, { markdown: false });
if (rows.some(isMissed)) process.exitCode = 1;

/** How much longer work takes in the spans of a create, where there is no SDK. */
async function callsOfCreate(): Promise<number> {
  for (const work of [nothing, spanned]) await times(work);
  return ((await times(spanned)) - (await times(nothing))) * SPANS;
}

async function nothing(): Promise<void> {}

function spanned(): Promise<void> {
  return continued({}, () => inSpan('runtime.up', IDS, nothing));
}

/** Milliseconds of one. */
async function times(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  for (let nth = 0; nth < CALLS; nth++) await work();
  return (performance.now() - began) / CALLS;
}

/** Takes whatever comes. */
async function openReceiver(stack: AsyncDisposableStack) {
  const received = { url: '', bytes: 0 };
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => (received.bytes += chunk.length));
    request.on('end', () => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  received.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return received;
}
