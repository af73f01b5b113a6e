import { mkdir } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, inject, onTestFinished } from 'vitest';
import { caller } from '../support/http.ts';
import { openCdp } from '../support/cdp.ts';
import { openTestService } from '../support/service.ts';
import { NO_WARM } from '../support/settings.ts';
import { createWorkspace, test } from '../support/test.ts';

test('metrics tell what is active, how long it took and what failed', async ({
  service,
  workspace,
}) => {
  const { id, connection } = await workspace.create({ driver: 'puppeteer' });
  using client = await openCdp(connection.cdpUrl);
  await client.send('Browser.getVersion');
  const metrics = async () => (await service.call('GET', '/metrics')).text;
  expect(await metrics()).toContain('bctrl_runtimes_active{mode="ephemeral",driver="puppeteer"} 1');
  expect(await metrics()).toContain('bctrl_attached_clients 1');
  expect(await metrics()).toMatch(/bctrl_browser_launches_total\{outcome="launched"\} [1-9]/);
  expect(await metrics()).toContain('bctrl_browser_launches_total{outcome="failed"} 0');
  for (const stage of ['queue', 'browser', 'store']) {
    expect(await metrics()).toMatch(
      new RegExp(`bctrl_runtime_stage_seconds_count\\{stage="${stage}"\\} [1-9]`),
    );
  }
  expect(await metrics()).toContain('nodejs_eventloop_lag_p99_seconds');
  client.send('Browser.crash').catch(() => undefined);
  await expect
    .poll(metrics)
    .toContain('bctrl_runtime_failures_total{code="runtime.browser_exited"} 1');
  expect(await metrics()).not.toContain(id);
});

test('metrics are served to this machine, or to whoever has the token', async ({
  service,
  workspace,
}) => {
  const forwarded = await fetch(`${service.url}/metrics`, {
    headers: { 'x-forwarded-for': '::1' },
  });
  expect(forwarded.status).toBe(401);
  const { connection } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  const url = `${service.url}/metrics`;
  const { targetId } = await client.send('Target.createTarget', { url });
  const { sessionId } = await client.send('Target.attachToTarget', { targetId, flatten: true });
  const read = { expression: 'document.body?.innerText', returnByValue: true };
  await expect
    .poll(async () =>
      JSON.stringify(await client.send('Runtime.evaluate', read, String(sessionId))),
    )
    .toContain('It belongs to the service');
  await using guarded = await openTestService({ metricsToken: 'let-me-see' });
  for (const [token, status] of [
    [undefined, 401],
    ['let-me-se', 401],
    [guarded.apiKey, 401],
    ['let-me-see', 200],
  ] as const) {
    expect(await caller(guarded.url, token)('GET', '/metrics')).toMatchObject({ status });
  }
});

test('the doctor finds what no runtime holds, and is for admins only', async () => {
  await using service = await openTestService({ warm: NO_WARM });
  const workspace = await createWorkspace(service);
  const { id } = await workspace.create();
  expect(await service.callAsOther('GET', '/v1/doctor')).toMatchObject({
    status: 403,
    json: { code: 'auth.forbidden' },
  });
  // A service claims storage without an owner soon after its start.
  const storageState = async () =>
    (await service.call('GET', '/v1/doctor')).json.retention.storage.state;
  await expect.poll(storageState).toBe('ours');
  const examined = { activeRuntimes: 1, directories: 1, processes: expect.any(Number) };
  expect(await service.call('GET', '/v1/doctor')).toMatchObject({
    status: 200,
    json: {
      findings: [],
      examined,
      retention: { runtimes: 0, events: 0, storage: { state: 'ours', orphans: 0 } },
    },
  });

  const directory = join(service.browserRoot, 'orphan');
  await mkdir(directory);
  // As a child of another process than the service.
  const orphan = spawn(
    '/bin/sh',
    [
      '-c',
      `"${inject('chromiumPath')}" --headless=new --no-sandbox --no-startup-window --remote-debugging-port=0 --user-data-dir=${directory}/data & wait`,
    ],
    { env: { ...process.env, TMPDIR: directory } },
  );
  onTestFinished(() => void orphan.kill());
  let said = '';
  orphan.stderr.on('data', (chunk) => (said += String(chunk)));
  const listening = /DevTools listening on ws:\/\/127.0.0.1:(\d+)/;
  await expect.poll(() => said).toMatch(listening);
  const [, port] = listening.exec(said) ?? [];
  const { json } = await service.call('GET', '/v1/doctor');
  expect(json.findings).toEqual([
    {
      kind: 'orphan_processes',
      directory: 'orphan',
      processes: expect.arrayContaining([
        { pid: expect.any(Number), program: expect.stringMatching(/chrom/) },
      ]),
      ports: [Number(port)],
    },
  ]);
  for (const { pid } of json.findings[0].processes) process.kill(pid, 'SIGKILL');
  await workspace.stop(id);
  await expect
    .poll(async () => (await service.call('GET', '/v1/doctor')).json)
    .toMatchObject({ findings: [], examined: { activeRuntimes: 0, processes: 0 } });
});
