import { createServer, request, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { letPass } from '../support/elapsed.ts';
import { attach, openBidi } from '../support/selenium.ts';
import type { TestService } from '../support/service.ts';
import { testWith, type TestWorkspace } from '../support/test.ts';

const IDLE_SECONDS = 200;
const LONGER_SECONDS = 210;
/** Between one and two times LONGER_SECONDS, with time to spare for a slow machine. */
const OPEN_COMMAND_MS = 330_000;
const IDLE = 'The runtime was stopped: it was idle for too long.';
const PATIENT = { timeout: 60_000, interval: 100 };

interface HoldingSite {
  url: string;
  /** Resolves when somebody requests a path, with the response that is held back. */
  asked: (path: string) => Promise<ServerResponse>;
}

/** A site that answers only when the test does. */
async function openHoldingSite(): Promise<HoldingSite> {
  const held = new Map<string, PromiseWithResolvers<ServerResponse>>();
  const at = (path: string) => {
    const known = held.get(path) ?? Promise.withResolvers<ServerResponse>();
    held.set(path, known);
    return known;
  };
  const site = createServer(({ url = '/' }, response) => {
    response.setHeader('access-control-allow-origin', '*');
    at(url).resolve(response);
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  onTestFinished(() => {
    site.close();
    site.closeAllConnections();
  });
  const address = site.address();
  const port = typeof address === 'object' ? address?.port : '';
  return { url: `http://127.0.0.1:${port}`, asked: (path) => at(path).promise };
}

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;

/** How programs evaluate something, however long it takes. */
const PROGRAMS: Record<string, (connection: Json, expression: string) => Promise<unknown>> = {
  Puppeteer: async ({ cdpUrl }, expression) => {
    const browser = await puppeteer.connect({ browserWSEndpoint: cdpUrl });
    onTestFinished(() => void browser.disconnect());
    return (await browser.newPage()).evaluate(expression);
  },
  Playwright: async ({ playwrightUrl }, expression) => {
    const browser = await chromium.connect(playwrightUrl);
    onTestFinished(() => browser.close().catch(() => undefined));
    return (await browser.newPage()).evaluate(expression);
  },
  'Playwright over CDP': async ({ cdpUrl }, expression) => {
    const browser = await chromium.connectOverCDP(cdpUrl);
    onTestFinished(() => browser.close().catch(() => undefined));
    return (await (await browser.newContext()).newPage()).evaluate(expression);
  },
  Selenium: async ({ webdriverUrl }, expression) => {
    const driver = await attach(webdriverUrl);
    await driver.manage().setTimeouts({ script: 600_000 });
    return driver.executeAsyncScript(`${expression}.then(arguments[0])`);
  },
  'WebDriver BiDi': async ({ webdriverUrl }, expression) => {
    const driver = await attach(webdriverUrl, { webSocketUrl: true });
    const capabilities = await driver.getCapabilities();
    const bidi = await openBidi(String(capabilities.get('webSocketUrl')));
    const [context] = (await bidi.send('browsingContext.getTree')).result.contexts;
    const target = { context: context.context };
    const asked = bidi.send('script.evaluate', { expression, target, awaitPromise: true });
    const closed = once(bidi.socket, 'close').then(([, reason]) => {
      throw new Error(String(reason));
    });
    return (await Promise.race([asked, closed])).result.result.value;
  },
};

/** A client of a runtime of its own, in the middle of a command. */
async function begin(name: string, workspace: TestWorkspace, site: HoldingSite) {
  const { id, connection } = await workspace.create({ idleTimeoutSeconds: IDLE_SECONDS });
  const path = `/${encodeURIComponent(name)}`;
  const expression = `fetch('${site.url}${path}').then((answer) => answer.text())`;
  const result = PROGRAMS[name]?.(connection, expression).catch(String);
  await site.asked(path);
  return { name, id, result };
}

/** Resolves when all runtimes that are idle by now have been looked at. */
async function untilLookedAt(service: TestService, workspace: TestWorkspace, id: string) {
  await expect.poll(() => stopReasonOf(service, workspace, id), PATIENT).toBe('idle');
}

async function stopReasonOf({ call }: TestService, { runtimes }: TestWorkspace, id: string) {
  return (await call('GET', `${runtimes}/${id}`)).json.stopReason;
}

const test = testWith({ openCommandMs: OPEN_COMMAND_MS, ticketTtlMs: 3_600_000 });

async function connectionsOf({ call }: TestService, { runtimes }: TestWorkspace, id: string) {
  return (await call('GET', `${runtimes}/${id}/connections`)).json.connections;
}

async function clientsOf(...where: Parameters<typeof connectionsOf>): Promise<number> {
  const connections = await connectionsOf(...where);
  return connections.reduce((sum: number, one: Json) => sum + one.attachedClients, 0);
}

test('a command under way keeps a runtime for a while, and a client that is cut off is told why', async ({
  service,
  workspace,
}) => {
  const site = await openHoldingSite();
  const names = Object.keys(PROGRAMS);
  const begun = await Promise.all(names.map((name) => begin(name, workspace, site)));
  const idle = await workspace.create({ idleTimeoutSeconds: IDLE_SECONDS });
  letPass(LONGER_SECONDS);
  await untilLookedAt(service, workspace, idle.id);
  for (const { name, id } of begun) {
    expect([name, await stopReasonOf(service, workspace, id)]).toEqual([name, undefined]);
  }
  letPass(LONGER_SECONDS);
  for (const { name, id, result } of begun) {
    await untilLookedAt(service, workspace, id);
    expect([name, await result]).toEqual([name, expect.stringContaining(IDLE)]);
  }
});

test('a command whose page was closed, or whose client has gone, keeps no runtime', async ({
  service,
  workspace,
}) => {
  const site = await openHoldingSite();
  const open = async (name: string) => {
    const { id, connection } = await workspace.create({ idleTimeoutSeconds: IDLE_SECONDS });
    const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
    onTestFinished(() => void browser.disconnect());
    const page = await browser.newPage();
    const result = page.evaluate(`fetch('${site.url}/${name}')`).catch(String);
    await site.asked(`/${name}`);
    return { id, browser, page, result };
  };
  const [closed, left] = await Promise.all([open('closed'), open('left')]);
  await closed.page.close();
  await left.browser.disconnect();
  await expect.poll(() => clientsOf(service, workspace, left.id), PATIENT).toBe(0);
  letPass(LONGER_SECONDS);
  await untilLookedAt(service, workspace, closed.id);
  await untilLookedAt(service, workspace, left.id);
});

test('a download under way keeps a runtime, and so does a file that a client sends', async ({
  service,
  workspace,
}) => {
  const site = await openHoldingSite();
  const create = () => workspace.create({ idleTimeoutSeconds: IDLE_SECONDS });
  const [downloading, sending, idle] = await Promise.all([create(), create(), create()]);

  const browser = await puppeteer.connect({
    browserWSEndpoint: downloading.connection.cdpUrl,
  });
  const page = await browser.newPage();
  await page.evaluate(`location.href = '${site.url}/file'; undefined`);
  const file = await site.asked('/file');
  file.writeHead(200, { 'content-disposition': 'attachment; filename="file.bin"' });
  file.write(Buffer.alloc(1024 * 1024));
  const downloads = async () => {
    const all = await readdir(join(service.dataDir, 'files'), { recursive: true });
    return all.filter((path) => path.includes('downloads/')).join();
  };
  await expect.poll(downloads, PATIENT).toContain('.crdownload');
  await browser.disconnect();

  const upload = request(`${sending.connection.webdriverUrl}/session/none/se/file`, {
    method: 'POST',
  });
  upload.on('error', () => undefined);
  upload.write('{"file":"');
  const isReceived = async () => {
    const connections = await connectionsOf(service, workspace, sending.id);
    return connections.some((one: Json) => one.lastActivityAt !== null);
  };
  await expect.poll(isReceived, PATIENT).toBe(true);

  letPass(LONGER_SECONDS);
  await untilLookedAt(service, workspace, idle.id);
  expect(await stopReasonOf(service, workspace, downloading.id)).toBeUndefined();
  expect(await stopReasonOf(service, workspace, sending.id)).toBeUndefined();
  file.end();
  await expect.poll(downloads, PATIENT).toMatch(/file\.bin$/);
  upload.end('"}');
  const [answer] = await once(upload, 'response');
  expect(answer.statusCode).toBe(404);
});
