import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { expect, onTestFinished, test } from 'vitest';
import { RuntimeError } from '../../../src/runtime-manager/errors.ts';
import type { Attributes } from '../../../src/runtime-manager/tracing/attributes.ts';
import {
  continued,
  detached,
  inSpan,
  spanIds,
  tracePosition,
} from '../../../src/runtime-manager/tracing/tracing.ts';

const nothing = async () => undefined;

/** Keeps the spans that end until the test is over. */
function traced() {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  onTestFinished(() => {
    trace.disable();
    context.disable();
    propagation.disable();
  });
  return {
    find: (name: string) => {
      const span = exporter.getFinishedSpans().find((one) => one.name === name);
      if (!span) throw new Error(`there is no span ${name}`);
      return span;
    },
  };
}

test('without an SDK work is done, and has no ids and no position', async () => {
  const done = await inSpan('runtime.up', {}, async (span) => {
    span.tell({ 'bctrl.runtime.id': 'an id' });
    expect(span.isRecorded).toBe(false);
    expect(spanIds()).toEqual({});
    expect(tracePosition()).toBeUndefined();
    return 'done';
  });
  expect(done).toBe('done');
});

test('what begins after the span around it is over begins a trace that points at that span', async () => {
  const { find } = traced();
  const late = Promise.withResolvers<void>();
  let ending: Promise<unknown> = Promise.resolve();
  await inSpan('runtime.up', {}, async () => {
    ending = late.promise.then(() => inSpan('runtime.stop', {}, nothing));
    await inSpan('runtime.insert', {}, nothing);
  });
  late.resolve();
  await ending;
  const up = find('runtime.up').spanContext();
  expect(find('runtime.insert').parentSpanContext).toMatchObject({ spanId: up.spanId });
  const stop = find('runtime.stop');
  expect(stop.parentSpanContext).toBeUndefined();
  expect(stop.links).toMatchObject([{ context: { traceId: up.traceId, spanId: up.spanId } }]);
});

test('what others begin by chance is in no trace of theirs', async () => {
  const { find } = traced();
  await inSpan('runtime.up', {}, () => detached(() => inSpan('browser.launch', {}, nothing)));
  expect(find('browser.launch')).toMatchObject({ parentSpanContext: undefined, links: [] });
});

test('a position leads from one process to the next', async () => {
  const { find } = traced();
  const call = { kind: 'client', name: 'a call' } as const;
  const position = await inSpan(call, {}, async () => tracePosition());
  await continued(position, () => inSpan({ kind: 'server', name: 'the work' }, {}, nothing));
  const { traceId, spanId } = find('a call').spanContext();
  expect(find('the work').parentSpanContext).toMatchObject({ traceId, spanId, isRemote: true });
});

test('a log line has ids only while its span is open', async () => {
  const { find } = traced();
  const late = Promise.withResolvers<void>();
  let ids: Promise<object> = Promise.resolve({});
  const inside = await inSpan('runtime.up', {}, async () => {
    ids = late.promise.then(spanIds);
    return spanIds();
  });
  late.resolve();
  const { traceId, spanId } = find('runtime.up').spanContext();
  expect(inside).toEqual({ trace_id: traceId, span_id: spanId });
  expect(await ids).toEqual({});
});

test('a failure is told by its code, and nothing of its message', async () => {
  const { find } = traced();
  const refused = new RuntimeError('proxy.auth_failed', 'the password was hunter2');
  await expect(inSpan('proxy.check', {}, () => Promise.reject(refused))).rejects.toBe(refused);
  const odd = new Error('hunter2');
  await expect(inSpan('profile.save', {}, () => Promise.reject(odd))).rejects.toBe(odd);
  expect(find('proxy.check').attributes).toEqual({ 'error.type': 'proxy.auth_failed' });
  expect(find('profile.save')).toMatchObject({
    attributes: { 'error.type': '_OTHER' },
    events: [],
  });
  for (const name of ['proxy.check', 'profile.save']) {
    expect(find(name).status).toEqual({ code: 2 });
  }
});

test('what is not on the list is told nobody', async () => {
  const { find } = traced();
  const given: Attributes & { password: string } = { 'bctrl.node.id': 'n', password: 'hunter2' };
  await inSpan('runtime.up', given, async (span) => span.tell(given));
  expect(find('runtime.up').attributes).toEqual({ 'bctrl.node.id': 'n' });
});
