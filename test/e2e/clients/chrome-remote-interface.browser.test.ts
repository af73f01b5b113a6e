import CDP from 'chrome-remote-interface';
import { expect, onTestFinished } from 'vitest';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

/** The options for clients that take a host and a port: `alterPath` puts the runtime's path first. */
function optionsFor(cdpUrl: string) {
  const { hostname, port, pathname } = new URL(cdpUrl);
  return {
    host: hostname,
    port: Number(port),
    alterPath: (path: string) => `${pathname}${path}`,
  };
}

test('chrome-remote-interface lists, opens, activates and closes targets', async ({
  workspace,
}) => {
  const { connection, summary } = await workspace.create();
  const options = optionsFor(connection.cdpUrl);
  const { Browser, webSocketDebuggerUrl } = await CDP.Version(options);
  expect(Browser).toMatch(/^Chrome\//);
  expect(webSocketDebuggerUrl).toBe(connection.cdpUrl);
  expect((await CDP.Protocol(options)).domains.map(({ domain }) => domain)).toContain('Page');
  const url = await openSite();
  const opened = await CDP.New({ ...options, url });
  expect(opened.url).toBe(url);
  const ids = async () => (await CDP.List(options)).map(({ id }) => id);
  expect(await ids()).toEqual(expect.arrayContaining([opened.id, summary.defaultPageId]));
  await CDP.Activate({ ...options, id: opened.id });
  await CDP.Close({ ...options, id: opened.id });
  await expect.poll(ids).not.toContain(opened.id);
  await expect(CDP.Activate({ ...options, id: 'none' })).rejects.toThrow('No such target id: none');
});

test('chrome-remote-interface drives a page, whichever way the client names it', async ({
  workspace,
}) => {
  const { connection, summary } = await workspace.create();
  const options = optionsFor(connection.cdpUrl);
  const pageUrl = `${connection.cdpUrl}/devtools/page/${summary.defaultPageId}`;
  const url = await openSite();
  for (const more of [
    // Connects straight to the websocket; `local` because the library asks only the host for the protocol.
    { target: pageUrl, local: true },
    { ...options, target: summary.defaultPageId },
    {
      ...options,
      target: (targets: CDP.Target[]) => targets.findIndex(({ type }) => type === 'page'),
    },
    { ...options, local: true },
  ]) {
    const client = await CDP(more);
    onTestFinished(() => client.close());
    await client.Page.enable();
    const loaded = client.Page.loadEventFired();
    await client.Page.navigate({ url });
    await loaded;
    const { result } = await client.Runtime.evaluate({ expression: 'document.title' });
    expect(result.value).toBe('site');
    await client.close();
  }
});

test("chrome-remote-interface drives the browser at the browser's own address", async ({
  workspace,
}) => {
  const { connection, summary } = await workspace.create();
  const client = await CDP({ target: connection.cdpUrl, local: true });
  onTestFinished(() => client.close());
  const created = new Promise((resolve) => {
    client.on('Target.targetCreated', resolve);
  });
  await client.Target.setDiscoverTargets({ discover: true });
  await created;
  const { sessionId } = await client.Target.attachToTarget({
    targetId: summary.defaultPageId,
    flatten: true,
  });
  const said = await client.send('Runtime.evaluate', { expression: '6 * 7' }, sessionId);
  expect(said.result.value).toBe(42);
});

test("the answers of Chromium's own addresses are passed on unchanged", async ({ workspace }) => {
  const { connection } = await workspace.create();
  const base = connection.cdpUrl.replace('ws:', 'http:');
  const opened = await fetch(`${base}/json/new?about:blank`, { method: 'PUT' });
  const { id } = (await opened.json()) as { id: string };
  const ask = async (path: string, method = 'GET') => {
    const answer = await fetch(base + path, { method });
    return [answer.status, await answer.text()];
  };
  expect(await ask('/json/new')).toEqual([405, expect.stringContaining('supports only PUT')]);
  expect(await ask('/json/')).toEqual([404, 'Unknown command: ']);
  expect(await ask(`/json/activate/${id}`)).toEqual([200, 'Target activated']);
  expect(await ask('/json/activate/none')).toEqual([404, 'No such target id: none']);
  expect(await ask(`/json/close/${id}`)).toEqual([200, 'Target is closing']);
  expect(await ask('/json/close/none')).toEqual([404, 'No such target id: none']);
  for (const path of ['', '/', '?x=1']) {
    expect(await ask(`/json/version${path}`)).toEqual([200, expect.stringContaining('Chrome/')]);
    expect(await ask(`/json/list${path}`)).toEqual([200, expect.stringContaining('[')]);
    expect(await ask(`/json/protocol${path}`)).toEqual([200, expect.stringContaining('domains')]);
  }
});
