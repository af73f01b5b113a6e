/** Steps that a runtime carries out over HTTP alone, and the operations that they are recorded as. */
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { openCdp } from '../support/cdp.ts';
import { addKey } from '../support/keys.ts';
import { caller } from '../support/http.ts';
import { openSite, serveSite } from '../support/site.ts';
import { test, type TestWorkspace } from '../support/test.ts';
import type { TestService } from '../support/service.ts';

/** With what it writes to the console. */
const script = (code: string) => ({
  call: 'page.evaluate',
  args: [code],
  options: { logs: 'capture' },
});
const ENDLESS = { call: 'page.evaluate', args: ['() => { for (;;); }'] };
const LONG = { call: 'page.waitForTimeout', args: [20_000] };
const PAGE = `<title>Shop</title><h1>Shoes</h1><input aria-label="Name">
  <input type="file" id="file" onchange="document.title = this.files[0].name">`;

interface Parts {
  service: TestService;
  workspace: TestWorkspace;
}

async function open({ service, workspace }: Parts) {
  const runtime = await workspace.create();
  const path = `/v1/workspaces/${workspace.id}/execute`;
  const execute = (steps: object[], extra: object = {}) =>
    service.call('POST', path, { runtime: runtime.alias, steps, ...extra });
  return { runtime, execute };
}

test('steps are carried out in order, and what they bind serves later steps', async ({
  service,
  workspace,
}) => {
  const parts = { service, workspace };
  const { runtime, execute } = await open(parts);
  const url = await openSite(PAGE);
  const done = await execute([
    { call: 'page.goto', args: [url] },
    { call: 'page.getByRole', args: ['heading'], as: 'heading' },
    { call: 'heading.textContent', options: { scriptName: 'read the heading' } },
    { call: 'page.getByLabel', args: ['Name'], as: 'name' },
    { call: 'name.fill', args: ['Ada'] },
    { call: 'name.inputValue' },
    {
      call: 'execute',
      args: [{ source: 'return document.title + args.mark', args: { mark: '!' } }],
    },
    { call: 'page.evaluate', args: ['() => console.log("seen")'], options: { logs: 'capture' } },
    { call: 'page.click', args: ['text=nothing'], options: { dryRun: true } },
    { call: 'page.screenshot' },
  ]);
  expect(done, done.text).toMatchObject({ status: 200 });
  expect(done.json).toMatchObject({
    status: 'succeeded',
    runtime: runtime.alias,
    progress: { step: 10, totalSteps: 10, currentCall: 'page.screenshot' },
    result: { mode: 'fail-fast' },
  });
  const { steps } = done.json.result;
  expect(steps[1].binding).toMatchObject({ alias: 'heading', type: 'handle' });
  expect(steps[2]).toMatchObject({ value: 'Shoes', scriptName: 'read the heading' });
  expect(steps[5].value).toBe('Ada');
  expect(steps[6].value).toBe('Shop!');
  expect(steps[7].logs).toEqual([expect.objectContaining({ text: 'seen' })]);
  expect(steps[8]).toMatchObject({ status: 'succeeded', dryRun: true });

  const { id } = steps[9].file;
  const files = `${parts.workspace.runtimes}/${runtime.alias}/files`;
  const file = await parts.service.call('GET', `${files}/${id}`);
  expect(file.json).toMatchObject({ source: 'export', state: 'stored', contentType: 'image/png' });

  const read = await parts.service.call('GET', `/v1/operations/${done.json.id}`);
  expect(read.json).toEqual(done.json);
  const events = await parts.service.call(
    'GET',
    `${parts.workspace.runtimes}/${runtime.alias}/events`,
  );
  const types = events.json.events.map(({ type }: { type: string }) => type);
  expect(types).toEqual(expect.arrayContaining(['operation.started', 'operation.succeeded']));
});

test('input of steps is humanized where the runtime is, and what steps set holds for later ones', async ({
  service,
  workspace,
}) => {
  const { alias } = await workspace.create({
    launch: { mode: 'ephemeral', config: { humanize: true } },
  });
  const path = `/v1/workspaces/${workspace.id}/execute`;
  const execute = (steps: object[]) => service.call('POST', path, { runtime: alias, steps });
  const url = await openSite(
    '<body style="height:100vh" onmousemove="globalThis.moves = (globalThis.moves ?? 0) + 1"><button>Go</button>',
  );
  const moved = await execute([
    { call: 'page.emulateMedia', args: [{ colorScheme: 'dark' }] },
    { call: 'page.goto', args: [url] },
    { call: 'mouse.move', args: [600, 400] },
    { call: 'page.click', args: ['button'] },
    { call: 'page.evaluate', args: ['moves'] },
  ]);
  expect(moved.json.result?.steps[4].value, moved.text).toBeGreaterThan(10);
  const dark = await execute([
    { call: 'page.evaluate', args: ["matchMedia('(prefers-color-scheme: dark)').matches"] },
  ]);
  expect(dark.json.result?.steps[0].value, dark.text).toBe(true);
});

test('a page is given a file of the runtime', async ({ service, workspace }) => {
  const parts = { service, workspace };
  const { execute } = await open(parts);
  const url = await openSite(PAGE);
  const done = await execute([
    { call: 'page.goto', args: [url] },
    { call: 'page.screenshot', args: [{ path: 'shoes.png' }] },
    { call: 'page.setInputFiles', args: ['#file', 'shoes.png'] },
    { call: 'page.title' },
    { call: 'page.setInputFiles', args: ['#file', 'boots.png'] },
  ]);
  expect(done.json.result?.steps[3], done.text).toMatchObject({ value: 'shoes.png' });
  expect(done.json.error.message).toContain('boots.png');
  const outside = await execute([{ call: 'page.setInputFiles', args: ['#file', '/etc/passwd'] }]);
  expect(outside).toMatchObject({ status: 400 });
});

test('bad steps are refused before any runs, each with its path', async ({
  service,
  workspace,
}) => {
  const parts = { service, workspace };
  const { execute } = await open(parts);
  const refused = await execute([
    { call: 'page.setContent', args: ['<title>ran</title>'] },
    { call: 'page.gotoo', args: ['https://example.com'] },
    { call: 'page.goto', args: [7] },
    { call: 'row.textContent' },
    { call: 'page.getByRole', args: ['row'], as: 'row' },
    { call: 'row.goto', args: ['https://example.com'] },
  ]);
  expect(refused.status).toBe(400);
  const paths = refused.json.details.issues.map(({ path }: { path: string }) => path);
  for (const path of ['steps.1.call', 'steps.2.args.0', 'steps.3.call', 'steps.5.call']) {
    expect(paths, refused.text).toContain(path);
  }
  const title = await execute([{ call: 'page.title' }]);
  expect(title.json.result.steps[0].value).toBe('');
  expect(
    (await execute(Array.from({ length: 10_000 }, () => ({ call: 'page.title' })))).status,
  ).toBe(400);
  const gone = await parts.service.call('POST', `/v1/workspaces/${parts.workspace.id}/execute`, {
    runtime: 'nobody',
    steps: [{ call: 'page.title' }],
  });
  expect(gone).toMatchObject({ status: 404, json: { code: 'runtime.not_found' } });
});

test('what fails says at which step, and what comes after it does not run', async ({
  service,
  workspace,
}) => {
  const parts = { service, workspace };
  const { execute } = await open(parts);
  const failed = await execute([
    { call: 'page.setContent', args: ['<title>a</title>'] },
    { call: 'page.click', args: ['#missing'], options: { timeoutMs: 300 } },
    { call: 'page.evaluate', args: ['document.title = "ran"'] },
  ]);
  expect(failed, failed.text).toMatchObject({ status: 200 });
  expect(failed.json).toMatchObject({
    status: 'failed',
    error: { code: 'operation.step_timeout' },
    progress: { step: 2 },
    result: { steps: [{ status: 'succeeded' }, { status: 'failed' }, { status: 'not_run' }] },
  });
  const large = await execute([{ call: 'page.evaluate', args: ['"x".repeat(100_000_000)'] }]);
  expect(large.json.error, large.text).toMatchObject({ code: 'operation.result_too_large' });
  const thrown = await execute([{ call: 'page.evaluate', args: ['() => { throw Error("oh") }'] }]);
  expect(thrown.json.error).toMatchObject({ code: 'operation.step_failed' });
  expect(thrown.json.error.message).toContain('oh');
});

test('text that the database does not take is an answer like any other', async ({
  service,
  workspace,
}) => {
  const parts = { service, workspace };
  const { execute } = await open(parts);
  const text = String.raw`'a\u0000b\ud800 \\u0000'`;
  const done = await execute([script(`console.log(${text}), ${text}`)]);
  const [step] = done.json.result?.steps ?? [];
  const kept = 'a\u{fffd}b\u{fffd} \\u0000';
  expect(step, done.text).toMatchObject({ value: kept, logs: [{ text: kept }] });
  const failed = await execute([script(`(() => { throw Error(${text}) })()`)]);
  expect(failed.json.error?.message, failed.text).toContain(kept);
  const named = await execute([{ call: 'page.title', options: { scriptName: 'a\0' } }]);
  expect(named, named.text).toMatchObject({ status: 400 });
});

test('what pages write during many steps does not get larger than an answer may be', async ({
  service,
  workspace,
}) => {
  const parts = { service, workspace };
  const { execute } = await open(parts);
  const chatter = {
    call: 'page.evaluate',
    args: ['() => { for (let n = 0; n < 100; n++) console.log("x".repeat(2000)); }'],
    options: { logs: 'capture' },
  };
  const done = await execute(Array.from({ length: 8 }, () => chatter));
  expect(done.json.status, done.text.slice(0, 500)).toBe('succeeded');
  expect(done.json.result.steps[0].logs).toHaveLength(100);
  expect(done.text.length).toBeLessThan(1_100_000);
});

test('a script that never ends is ended by its time limit and by a cancel, and the page goes on', async ({
  service,
  workspace,
}) => {
  const parts = { service, workspace };
  const { execute, runtime } = await open(parts);
  const { call } = parts.service;
  const late = await execute([{ ...ENDLESS, options: { timeoutMs: 500 } }]);
  expect(late.json, late.text).toMatchObject({ error: { code: 'operation.step_timeout' } });

  const begun = await execute([ENDLESS, { call: 'page.title' }], { waitMs: 0 });
  expect(begun).toMatchObject({ status: 202, json: { status: 'running' } });
  const queued = await execute([{ call: 'page.title' }], { waitMs: 0 });
  expect(queued).toMatchObject({ status: 202, json: { status: 'queued' } });
  const unbegun = await execute([{ call: 'page.title' }], { waitMs: 0 });
  const dropped = await call('POST', `/v1/operations/${unbegun.json.id}/cancel`);
  expect(dropped.json, dropped.text).toMatchObject({ status: 'cancelled', startedAt: null });
  const path = `/v1/operations/${begun.json.id}`;
  const waited = await call('POST', `${path}/wait`, { timeoutMs: 100 });
  expect(waited.json.operation).toMatchObject({ id: begun.json.id, status: 'running' });

  const cancelled = await call('POST', `${path}/cancel`);
  expect(cancelled, cancelled.text).toMatchObject({ status: 200, json: { status: 'cancelled' } });
  expect(cancelled.json.result.steps.map(({ status }: { status: string }) => status)).toEqual([
    'cancelled',
    'not_run',
  ]);
  const next = await call('POST', `/v1/operations/${queued.json.id}/wait`, {});
  expect(next.json.operation, next.text).toMatchObject({ status: 'succeeded' });
  expect((await call('POST', `${path}/cancel`)).json).toEqual(cancelled.json);
  expect((await call('GET', `${parts.workspace.runtimes}/${runtime.alias}`)).json.status).toBe(
    'active',
  );
});

test('a page that hangs and a dialog in the way hold up no step for longer than its time', async ({
  service,
  workspace,
}) => {
  const parts = { service, workspace };
  const { execute } = await open(parts);
  const silent = await serveSite(() => undefined);
  const hung = await execute([{ call: 'page.goto', args: [silent], options: { timeoutMs: 500 } }]);
  expect(hung.json, hung.text).toMatchObject({ error: { code: 'operation.step_timeout' } });
  const asking = await openSite('<button onclick="document.title = confirm(1)">Go</button>');
  const dialog = await execute([
    { call: 'page.goto', args: [asking] },
    { call: 'page.click', args: ['button'] },
    { call: 'page.title' },
  ]);
  expect(dialog.json.result.steps[2], dialog.text).toMatchObject({ value: 'false' });
});

test('a page that crashes fails its step, and later operations use another page', async ({
  service,
  workspace,
}) => {
  const parts = { service, workspace };
  const { execute, runtime } = await open(parts);
  await execute([{ call: 'page.title' }]);
  using client = await openCdp(runtime.connection.cdpUrl);
  const { sessionId } = await client.send('Target.attachToTarget', {
    targetId: runtime.summary.defaultPageId,
    flatten: true,
  });
  client.send('Page.crash', {}, String(sessionId)).catch(() => undefined);
  const crashed = await execute([{ call: 'page.waitForSelector', args: ['p'] }]);
  expect(crashed.json.error?.message, crashed.text).toContain('crashed');
  const next = await execute([
    { call: 'context.newPage', as: 'other' },
    { call: 'page.setContent', args: ['<title>again</title>'] },
    { call: 'page.title' },
  ]);
  expect(next.json.result?.steps[2], next.text).toMatchObject({ value: 'again' });
});

test('a runtime that is stopped in the middle interrupts its operations', async ({
  service,
  workspace,
}) => {
  const parts = { service, workspace };
  const { execute, runtime } = await open(parts);
  const begun = await execute([LONG], { waitMs: 0 });
  const queued = await execute([{ call: 'page.title' }], { waitMs: 0 });
  await parts.workspace.stop(runtime.alias);
  for (const { json } of [begun, queued]) {
    const over = await parts.service.call('GET', `/v1/operations/${json.id}`);
    expect(over.json, over.text).toMatchObject({
      status: 'failed',
      error: { code: 'operation.interrupted' },
    });
  }
  const refused = await execute([{ call: 'page.title' }]);
  expect(refused).toMatchObject({ status: 410, json: { code: 'runtime.not_active' } });
});

test('a step that waits for a person says so', async ({ service, workspace }) => {
  const { execute, runtime } = await open({ service, workspace });
  const control = `${workspace.runtimes}/${runtime.alias}/control`;
  await service.call('POST', control, { holder: 'human' });
  const typed = { call: 'keyboard.type', args: ['hello'], options: { timeoutMs: 300 } };
  const waited = await execute([typed]);
  expect(waited.json.error, waited.text).toMatchObject({ code: 'operation.step_timeout' });
  expect(waited.json.error.message).toContain('A person drives');
  await service.call('POST', control, { holder: 'agent' });
  expect((await execute([typed])).json).toMatchObject({ status: 'succeeded' });
});

test('one key carries steps out once, and two keys are refused', async ({ service, workspace }) => {
  const parts = { service, workspace };
  const { runtime } = await open(parts);
  const post = (idempotencyKey: string, key?: string) =>
    fetch(`${service.url}/v1/workspaces/${workspace.id}/execute`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${service.apiKey}`,
        'content-type': 'application/json',
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      body: JSON.stringify({
        runtime: runtime.alias,
        steps: [{ call: 'page.evaluate', args: ['globalThis.n = (globalThis.n ?? 0) + 1'] }],
        idempotencyKey,
      }),
    });
  const key = randomUUID();
  const [first, second] = await Promise.all([post(key), post(key)]);
  const [one, other] = [await first.text(), await second.text()];
  expect(other).toBe(one);
  expect(JSON.parse(one).result.steps[0].value).toBe(1);
  const empty = await post('');
  expect([empty.status, JSON.parse(await empty.text()).details.issues[0].path]).toEqual([
    400,
    'idempotencyKey',
  ]);
  const both = await post(key, key);
  expect([both.status, JSON.parse(await both.text()).code]).toEqual([409, 'idempotency.two_keys']);
});

test("another organization's operation is not found, and a key without the scope executes nothing", async ({
  service,
  workspace,
}) => {
  const parts = { service, workspace };
  const { execute, runtime } = await open(parts);
  const { json } = await execute([{ call: 'page.title' }]);
  const reader = caller(service.url, await addKey(service.database, { scopes: ['runtimes:read'] }));
  expect((await reader('GET', `/v1/operations/${json.id}`)).status).toBe(200);
  const steps = { runtime: runtime.alias, steps: [{ call: 'page.title' }] };
  const refused = await reader('POST', `/v1/workspaces/${workspace.id}/execute`, steps);
  expect(refused.status).toBe(403);
  expect((await service.call('GET', `/v1/operations/${randomUUID()}`)).json.code).toBe(
    'operation.not_found',
  );
});
