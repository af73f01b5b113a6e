import { expect, vi } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openCdp } from '../support/cdp.ts';
import { caller } from '../support/http.ts';
import { marker } from '../support/packages.ts';
import { browsersIn, listeningPorts, processesOf, sendSignal } from '../support/processes.ts';
import { openSocksProxy } from '../support/proxies.ts';
import { openTestService, type TestService } from '../support/service.ts';
import { NO_WARM } from '../support/settings.ts';
import { createWorkspace, test } from '../support/test.ts';
import { warmBrowsers } from '../support/warm.ts';

const WARM = { min: 2, max: 2 };
const HUMANIZED = { mode: 'ephemeral', config: { humanize: true } };

async function openWarm(warm = WARM, jailMode?: 'off'): Promise<TestService> {
  const service = await openTestService({ warm, ...(jailMode && { jailMode }) });
  await untilWarm(service, warm.min);
  return service;
}

async function untilWarm({ url }: TestService, count: number): Promise<void> {
  await eventually(async () => expect(await warmBrowsers(url)).toBe(count));
}

/** Directories of browsers, by the id of their main process. */
async function browsersOf({ browserRoot }: TestService): Promise<Map<string, number>> {
  return new Map([...(await browsersIn(browserRoot))].map(([name, { pid }]) => [name, pid]));
}

async function rendererOf(service: TestService, browser: number | undefined) {
  const directories = await browsersOf(service);
  const [name] = [...directories].find(([, pid]) => pid === browser) ?? [];
  const processes = await processesOf(`BCTRL_BROWSER_DIRECTORY=${service.browserRoot}/${name}`);
  return processes.find(({ command }) => command.includes('--type=renderer'))?.pid;
}

async function directoryOf({ database }: TestService, id: string): Promise<string> {
  const row = await database.db.query.runtimes.findFirst({
    where: (one, { eq }) => eq(one.id, id),
  });
  return row?.browserDirectory ?? '';
}

test('a create gets a warm browser, whatever its proxy and extensions', async () => {
  await using service = await openWarm();
  const workspace = await createWorkspace(service);
  const ready = await browsersOf(service);
  expect(ready.size).toBe(WARM.min);

  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(await marker('Warm'))]), 'package');
  const uploaded = await fetch(`${service.url}/v1/browser-extensions/upload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.apiKey}` },
    body: form,
  });
  const extension = JSON.parse(await uploaded.text());
  const credentials = { username: 'user', password: 'pass' };
  const { port } = await openSocksProxy(credentials);
  const proxy = { type: 'socks5', host: '127.0.0.1', port, ...credentials };
  const { id, connection, summary, extensions } = await workspace.create({
    launch: { mode: 'ephemeral', config: { proxy }, extensionIds: [extension.id] },
  });
  expect([...ready.keys()]).toContain(await directoryOf(service, id));
  expect(extensions).toMatchObject([{ id: extension.id }]);
  using client = await openCdp(connection.cdpUrl);
  const { targetInfos } = await client.send('Target.getTargets');
  expect(targetInfos).toContainEqual(
    expect.objectContaining({
      targetId: summary.defaultPageId,
      browserContextId: summary.defaultContextId,
    }),
  );
});

test('a create that takes a warm browser carries out one statement beside that for the key', async () => {
  await using service = await openWarm();
  const { database, url, apiKey } = service;
  const statements = [database.db, database.unhurried].map((db) => vi.spyOn(db.$client, 'unsafe'));
  const body = { alias: 'counted', kind: 'browser', launch: HUMANIZED };
  const created = await caller(url, apiKey)('POST', '/v1/workspaces/default/runtimes', body);
  expect(statements.flatMap((spy) => spy.mock.calls)).toHaveLength(2);
  expect(created).toMatchObject({ status: 200, json: { summary: { browserRunning: true } } });
});

test('no browser is handed out twice, and each that is handed out is replaced', async () => {
  await using service = await openWarm();
  const workspace = await createWorkspace(service);
  const used = new Set<string>();
  for (let n = 1; n <= 4; n++) {
    const { id } = await workspace.create();
    used.add(await directoryOf(service, id));
    await workspace.stop(id);
    expect(used.size).toBe(n);
  }
  await untilWarm(service, WARM.min);
  await eventually(async () => {
    const left = await browsersOf(service);
    expect([...left.keys()].filter((directory) => used.has(directory))).toEqual([]);
  });
});

// Both wait until it is certain that a browser hangs.
test.concurrent('browsers that hang or died while they waited are not handed out', async () => {
  await using service = await openWarm();
  const workspace = await createWorkspace(service);
  const [hung, died] = [...(await browsersOf(service)).values()];
  sendSignal(hung, 'SIGSTOP');
  sendSignal(died, 'SIGKILL');
  const { connection } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  expect(await client.send('Browser.getVersion')).toHaveProperty('product');
  await eventually(async () =>
    expect([...(await browsersOf(service)).values()]).not.toContain(hung),
  );
});

test.concurrent('browsers whose page hangs, crashed or was closed are replaced while they wait', async () => {
  // The test uses the port of a browser, which only the service reaches in a jail.
  await using service = await openWarm({ min: 3, max: 3 }, 'off');
  const workspace = await createWorkspace(service);
  const before = [...(await browsersOf(service)).values()];
  const [hung, crashed, closed] = before;
  sendSignal(await rendererOf(service, hung), 'SIGSTOP');
  sendSignal(await rendererOf(service, crashed), 'SIGKILL');
  const [port] = await listeningPorts(closed ?? 0);
  const debug = `http://127.0.0.1:${port}/json`;
  const { json: pages } = await caller(debug, undefined)('GET', '/list');
  await fetch(`${debug}/close/${pages[0].id}`);
  const left = async () => {
    const now = [...(await browsersOf(service)).values()];
    return now.filter((pid) => before.includes(pid));
  };
  await eventually(async () => expect(await left()).toEqual([]));
  const { connection, summary } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  const attach = { targetId: summary.defaultPageId, flatten: true };
  const { sessionId } = await client.send('Target.attachToTarget', attach);
  const told = await client.send('Runtime.evaluate', { expression: '1+1' }, String(sessionId));
  expect(told).toMatchObject({ result: { value: 2 } });
});

test('a create that finds no warm browser takes the next one launched, and none is launched in vain', async () => {
  await using service = await openTestService({ warm: { min: 0, max: 1 } });
  const workspace = await createWorkspace(service);
  await Promise.all(Array.from({ length: 3 }, () => workspace.create()));
  await untilWarm(service, 1);
  expect((await browsersOf(service)).size).toBe(4);
});

test('no browser is warmed in memory that is to stay free', async () => {
  await using service = await openTestService({ warm: WARM, memoryFloorBytes: 1024 ** 5 });
  expect(await warmBrowsers(service.url)).toBe(0);
  expect((await browsersOf(service)).size).toBe(0);
});

test('without a pool every browser is launched on request', async () => {
  await using service = await openTestService({ warm: NO_WARM });
  const workspace = await createWorkspace(service);
  const { id } = await workspace.create();
  expect([...(await browsersOf(service)).keys()]).toEqual([await directoryOf(service, id)]);
});

test('a service that closes leaves no warm browser', async () => {
  const service = await openWarm();
  await service[Symbol.asyncDispose]();
  expect(await processesOf(service.browserRoot)).toEqual([]);
});
