import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test as base, vi } from 'vitest';
import type { TracingConfig } from '../../../src/api/config/settings/tracing.ts';
import { openOtlpReceiver, pathsOf } from '../../support/otlp-receiver.ts';
import { openFakeService } from '../../support/service.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const RUNTIMES = '/v1/workspaces/default/runtimes';

/** Of a process there is one that is traced. */
async function openTraced(changed: Partial<TracingConfig> = {}) {
  const receiver = await openOtlpReceiver();
  onTestFinished(() => receiver[Symbol.asyncDispose]());
  const tracing: TracingConfig = {
    url: `${receiver.url}/v1/traces`,
    headers: {},
    serviceName: undefined,
    resourceAttributes: {},
    sampler: 'parentbased_always_on',
    samplerRatio: 1,
    ...changed,
  };
  const service = await openFakeService({ tracing });
  const closed = vi.fn(() => service[Symbol.asyncDispose]());
  onTestFinished(async () => {
    if (closed.mock.calls.length === 0) await closed();
  });
  const send = (
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: object,
  ) =>
    fetch(service.url + path, {
      method,
      headers: {
        authorization: `Bearer ${service.apiKey}`,
        'content-type': 'application/json',
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  return { service, receiver, send, close: closed };
}

const test = base;
const browser = () => ({ alias: `a-${randomUUID()}`, kind: 'browser' });

test('a request goes on with the trace of its client, and says what it was by its route', async () => {
  const { receiver, send, close, service } = await openTraced({
    headers: { authorization: 'Bearer of the collector' },
    resourceAttributes: { 'deployment.environment.name': 'staging' },
  });
  const created = await send(
    'POST',
    RUNTIMES,
    { traceparent: `00-${TRACE_ID}-${SPAN_ID}-01`, tracestate: 'vendor=opaque' },
    browser(),
  );
  const { id } = (await created.json()) as { id: string };
  await send('GET', `${RUNTIMES}/${id}`);
  await close();

  const [create] = receiver.spans.filter(({ parentId }) => parentId === SPAN_ID);
  expect(create).toMatchObject({
    traceId: TRACE_ID,
    traceState: 'vendor=opaque',
    name: 'POST /v1/workspaces/{id}/runtimes',
    kind: 'server',
    isFailed: false,
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/v1/workspaces/{id}/runtimes',
      'http.response.status_code': 200,
      'url.path': '/v1/workspaces/REDACTED/runtimes',
      'url.scheme': 'http',
      'bctrl.organization.id': expect.any(String),
    },
    resource: {
      'service.name': 'bctrl',
      'service.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
      'service.instance.id': expect.stringMatching(/^[\da-f-]{36}$/),
      'deployment.environment.name': 'staging',
    },
  });
  const [read] = receiver.spans.filter(({ name }) => name.startsWith('GET'));
  expect(read).toMatchObject({
    parentId: '',
    attributes: { 'url.path': `/v1/workspaces/REDACTED/runtimes/${id}` },
  });
  expect(pathsOf(receiver.spans, TRACE_ID)).toContain('POST /v1/workspaces/{id}/runtimes');
  expect(receiver.headers[0]).toMatchObject({ authorization: 'Bearer of the collector' });
  expect(service.logged.join('')).not.toContain('collector');
});

test('a refusal is no failure, what the service fails at is one, and what is no route keeps its path', async () => {
  const { receiver, send, close } = await openTraced({ serviceName: 'browsers' });
  await send('GET', `${RUNTIMES}/nobody`);
  await send('GET', '/v1/no/such?secret=in-the-query');
  await send('GET', '/v1/connect/a-ticket-that-is-none/json/version');
  await send('GET', '/healthz');
  await send('BREW', '/v1/capacity').catch(() => undefined);
  await close();

  const told = receiver.spans.map(({ name, isFailed, attributes }) => [
    name,
    attributes['url.path'],
    attributes['http.response.status_code'],
    isFailed,
  ]);
  expect(told).toContainEqual([
    'GET /v1/workspaces/{id}/runtimes/{alias}',
    '/v1/workspaces/REDACTED/runtimes/REDACTED',
    404,
    false,
  ]);
  expect(told).toContainEqual(['GET', '/REDACTED', 404, false]);
  expect(told).toContainEqual([
    'GET /v1/connect/{ticket}/*',
    '/v1/connect/REDACTED/REDACTED',
    401,
    false,
  ]);
  expect(told.map(([name]) => name)).not.toContain('GET /healthz');
  expect(receiver.spans[0]?.resource['service.name']).toBe('browsers');
  const all = Buffer.concat(receiver.bytes).toString('latin1');
  expect(all).not.toMatch(/secret|a-ticket|nobody|BREW/);
});

test('a trace that its client does not keep is not kept here, nor one that the ratio leaves out', async () => {
  const kept = await openTraced();
  await kept.send('GET', '/v1/capacity', { traceparent: `00-${TRACE_ID}-${SPAN_ID}-00` });
  await kept.close();
  expect(kept.receiver.spans).toEqual([]);

  const none = await openTraced({ sampler: 'traceidratio', samplerRatio: 0 });
  await none.send('GET', '/v1/capacity', { traceparent: `00-${TRACE_ID}-${SPAN_ID}-01` });
  await none.close();
  expect(none.receiver.spans).toEqual([]);
});

test('a traceparent that is none begins a trace', async () => {
  const { receiver, send, close } = await openTraced();
  const answer = await send('GET', '/v1/capacity', { traceparent: '00-nonsense' });
  expect(answer.status).toBe(200);
  await close();
  expect(receiver.spans).toMatchObject([{ parentId: '', name: 'GET /v1/capacity' }]);
});
