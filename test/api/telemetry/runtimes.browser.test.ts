import { randomUUID } from 'node:crypto';
import { expect, inject, test } from 'vitest';
import { commandEnvironment } from '../../support/command-line.ts';
import { openTestDatabase } from '../../support/database.ts';
import { eventually } from '../../support/eventually.ts';
import { puppeteerPage } from '../../support/first-page.ts';
import { caller, type Call } from '../../support/http.ts';
import { openOtlpReceiver, pathsOf, type ReceivedSpan } from '../../support/otlp-receiver.ts';
import { marker } from '../../support/packages.ts';
import { openHttpProxy } from '../../support/proxies.ts';
import { startService } from '../../support/service-process.ts';
import { openWaysSite } from '../../support/ways-site.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';
const CREATE = 'POST /v1/workspaces/{id}/runtimes';
const UP = `${CREATE} > runtime.up`;
const STOP = 'POST /v1/workspaces/{id}/runtimes/{alias}/stop';
const EXECUTE = 'POST /v1/workspaces/{id}/execute';
const PASSWORD = `proxy-password-${randomUUID()}`;

test('each request is one trace, of all that is done for it and nothing of what is secret', async () => {
  await using receiver = await openOtlpReceiver();
  await using database = await openTestDatabase();
  const env = {
    ...(await commandEnvironment(database)),
    PORT: '0',
    CHROMIUM_PATH: inject('chromiumPath'),
    BCTRL_WARM_MIN: '1',
    BCTRL_WARM_MAX: '1',
    BCTRL_EGRESS_ALLOW: '127.0.0.0/8',
    BCTRL_LAUNCH_TIMEOUT_MS: '120000',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
  };
  await using stack = new AsyncDisposableStack();
  const service = await startService(env);
  stack.defer(async () => void (await service.stop('SIGKILL')));
  const apiKey = service.apiKey ?? 'none';
  const call = caller(service.url, apiKey);
  const given = await useAll(call, { url: service.url, apiKey });
  expect(await service.stop('SIGTERM')).toBe(0);

  const { spans } = receiver;
  const traceOf = (runtimeId: string, name: string) => {
    const found = spans.find(
      (span) => span.name === name && span.attributes['bctrl.runtime.id'] === runtimeId,
    );
    return found?.traceId ?? `no ${name} of ${runtimeId}`;
  };
  const pathsAt = (runtimeId: string, name: string) => pathsOf(spans, traceOf(runtimeId, name));

  expect(pathsAt(given.warm.id, 'runtime.up')).toEqual([
    CREATE,
    UP,
    `${UP} > browser.take`,
    `${UP} > companions.attach`,
    `${UP} > runtime.admission`,
    `${UP} > runtime.insert`,
  ]);
  const launch = spans.find(({ attributes }) => attributes['bctrl.launch.ahead'] === true);
  const take = spanIn(spans, traceOf(given.warm.id, 'runtime.up'), 'browser.take');
  expect(take?.links).toEqual([launch?.spanId]);
  expect(pathsOf(spans, launch?.traceId ?? '')).toEqual([
    'browser.launch',
    'browser.launch > browser.first_page',
  ]);

  expect(pathsAt(given.written.id, 'runtime.up')).toEqual([
    CREATE,
    UP,
    `${UP} > browser.launch`,
    `${UP} > browser.launch > browser.first_page`,
    `${UP} > companions.attach`,
    `${UP} > extension.load`,
    `${UP} > extension.unpack`,
    `${UP} > proxy.check`,
    `${UP} > runtime.admission`,
    `${UP} > runtime.insert`,
    `${UP} > runtime.record`,
  ]);
  expect(pathsAt(given.written.id, 'runtime.stop')).toEqual([
    STOP,
    `${STOP} > runtime.stop`,
    `${STOP} > runtime.stop > browser.close`,
    `${STOP} > runtime.stop > profile.save`,
  ]);
  expect(pathsAt(given.read.id, 'runtime.up')).toContain(`${UP} > profile.unpack`);

  expect(pathsAt(given.warm.id, 'operation.run')).toEqual([
    EXECUTE,
    `${EXECUTE} > operation.run`,
    `${EXECUTE} > operation.run > operation.step`,
    `${EXECUTE} > operation.run > operation.step`,
  ]);
  const steps = spans.filter(({ name }) => name === 'operation.step');
  expect(steps.map(({ attributes, isFailed }) => ({ ...attributes, isFailed }))).toEqual([
    { 'bctrl.operation.step': 1, 'bctrl.operation.call': 'page.title', isFailed: false },
    {
      'bctrl.operation.step': 2,
      'bctrl.operation.call': 'page.click',
      'error.type': 'operation.step_timeout',
      isFailed: true,
    },
  ]);

  const joined = spans.find(({ name }) => name === 'GET /v1/connect/{ticket}');
  expect(joined).toMatchObject({
    kind: 'server',
    attributes: {
      'url.path': '/v1/connect/REDACTED',
      'http.response.status_code': 101,
      'bctrl.runtime.id': given.warm.id,
    },
  });

  const lines = service.log.split('\n').filter((line) => line.startsWith('{'));
  const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const created = logged.find(
    ({ msg, method, runtimeId }) =>
      msg === 'request' && method === 'POST' && runtimeId === given.warm.id,
  );
  const traceId = traceOf(given.warm.id, 'runtime.up');
  expect(created).toMatchObject({
    trace_id: traceId,
    span_id: spanIn(spans, traceId, CREATE)?.spanId,
  });
  expect(logged.find(({ msg }) => msg === 'listening')).not.toHaveProperty('trace_id');

  const all = Buffer.concat(receiver.bytes).toString('latin1');
  for (const secret of [...given.secrets, apiKey, PASSWORD]) expect(all).not.toContain(secret);
});

function spanIn(spans: ReceivedSpan[], traceId: string, name: string): ReceivedSpan | undefined {
  return spans.find((span) => span.traceId === traceId && span.name === name);
}

/** Creates runtimes of all kinds, uses them, and stops them. */
async function useAll(call: Call, { url, apiKey }: { url: string; apiKey: string }) {
  const create = async (launch?: object) => {
    const alias = `secret-alias-${randomUUID()}`;
    const made = await call('POST', RUNTIMES, { alias, kind: 'browser', launch });
    expect(made, made.text).toMatchObject({ status: 200 });
    return made.json;
  };
  await eventually(async () => {
    expect((await call('GET', '/metrics')).text).toMatch(/^bctrl_warm_browsers 1$/m);
  });
  const warm = await create();
  const page = await openWaysSite();
  const address = `http://127.0.0.1:${page.port}/page?secret=of-a-page`;
  await (await puppeteerPage(warm.connection.cdpUrl, address)).title();
  const steps = [
    { call: 'page.title' },
    { call: 'page.click', args: ['#secret-selector'], options: { timeoutMs: 500 } },
  ];
  const executed = await call('POST', '/v1/workspaces/default/execute', {
    runtime: warm.id,
    steps,
  });
  expect(executed.json.status, executed.text).toBe('failed');

  const body = new FormData();
  body.set('file', new Blob([new Uint8Array(await marker('traced'))]), 'secret-package');
  const uploaded = await fetch(`${url}/v1/browser-extensions/upload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}` },
    body,
  });
  const extension = (await uploaded.json()) as { id: string };
  const credentials = { username: 'secret-user', password: PASSWORD };
  const proxy = await openHttpProxy(credentials);
  const profile = await call('POST', '/v1/browser-profiles', {
    name: 'secret-profile',
    extensionIds: [extension.id],
    config: { proxy: { type: 'http', host: '127.0.0.1', port: proxy.port, ...credentials } },
  });
  expect(profile.status, profile.text).toBe(200);
  const launch = { mode: 'profile', profileId: profile.json.id };
  const written = await create(launch);
  const stopped = await call('POST', `${RUNTIMES}/${written.alias}/stop`);
  expect(stopped.json.status, stopped.text).toBe('stopped');
  const read = await create({ ...launch, readOnly: true });

  const tickets = [warm, written].map(({ connection }) =>
    String(connection.cdpUrl.split('/').at(-1)),
  );
  return { warm, written, read, secrets: [...tickets, 'secret', 'of-a-page', 'traced'] };
}
