import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer, { type Browser, type Frame, type Page } from 'puppeteer-core';
import { expect, inject, onTestFinished } from 'vitest';
import { test } from '../support/test.ts';

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Shop/1.0';
const HIGH_ENTROPY = [
  'architecture',
  'bitness',
  'brands',
  'formFactors',
  'fullVersionList',
  'mobile',
  'model',
  'platform',
  'platformVersion',
  'uaFullVersion',
  'wow64',
];
const ACCEPTED = [
  'Sec-CH-UA-Arch',
  'Sec-CH-UA-Bitness',
  'Sec-CH-UA-Form-Factors',
  'Sec-CH-UA-Full-Version-List',
  'Sec-CH-UA-Model',
  'Sec-CH-UA-Platform-Version',
  'Sec-CH-UA-WoW64',
];
const SAID = `(async () => ({
  agent: navigator.userAgent,
  low: navigator.userAgentData.toJSON(),
  high: await navigator.userAgentData.getHighEntropyValues(${JSON.stringify(HIGH_ENTROPY)}),
}))()`;
const SCRIPTS: Record<string, string> = {
  '/dedicated.js': `${SAID}.then(postMessage)`,
  '/shared.js': `onconnect = (e) => ${SAID}.then((said) => e.ports[0].postMessage(said))`,
  '/service.js': `onmessage = (e) => ${SAID}.then((said) => e.source.postMessage(said))`,
};
const WORKERS: Record<string, string> = {
  dedicated: `new Promise((tell) => { new Worker('/dedicated.js').onmessage = (e) => tell(e.data) })`,
  shared: `new Promise((tell) => { new SharedWorker('/shared.js').port.onmessage = (e) => tell(e.data) })`,
  service: `new Promise(async (tell) => {
    navigator.serviceWorker.onmessage = (e) => tell(e.data);
    await navigator.serviceWorker.register('/service.js');
    (await navigator.serviceWorker.ready).active.postMessage('');
  })`,
};

interface Site {
  /** With a frame of another site. */
  url: string;
  /** Hints that came with the last request of each path. */
  hints: Record<string, IncomingHttpHeaders>;
}

async function openHintSite(): Promise<Site> {
  const hints: Site['hints'] = {};
  const server = createServer(({ url = '/', headers }, response) => {
    const told = Object.entries(headers).filter(([name]) => name.startsWith('sec-ch-'));
    hints[url] = Object.fromEntries(told);
    const script = SCRIPTS[url];
    response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript');
    response.setHeader('accept-ch', ACCEPTED.join(', '));
    const address = server.address();
    const frame = `http://localhost:${typeof address === 'object' ? address?.port : ''}/frame`;
    response.end(script ?? (url === '/' ? `<iframe src="${frame}"></iframe>` : '<title>x</title>'));
  });
  server.listen(0);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, hints };
}

/** What a site is told in every place where one of its pages can run a script. */
async function tour(browser: Browser, first: Page, { url, hints }: Site) {
  const context = await browser.createBrowserContext();
  const pages = { first, 'page of a context': await context.newPage() };
  const said: Record<string, unknown> = {};
  for (const [name, page] of Object.entries(pages)) {
    // The second visit sends the hints that the first answer asked for.
    for (const path of ['/', '/']) await page.goto(`${url}${path}`, { waitUntil: 'load' });
    said[name] = await page.evaluate(SAID);
    said[`frame of ${name}`] = await frameOf(page).evaluate(SAID);
    for (const [kind, ask] of Object.entries(WORKERS)) {
      said[`${kind} worker of ${name}`] = await page.evaluate(ask);
    }
  }
  const [popup] = await Promise.all([
    new Promise<Page | null>((open) => void first.once('popup', open)),
    first.evaluate(`void open('/popup')`),
  ]);
  await popup?.waitForFunction(
    `location.pathname === '/popup' && document.readyState === 'complete'`,
  );
  said['popup'] = await popup?.evaluate(SAID);
  await first.evaluate(`fetch('/fetched')`);
  const headers = structuredClone(hints);
  await context.close();
  return { said, headers };
}

function frameOf(page: Page): Frame {
  const frame = page.frames().find((one) => one.url().endsWith('/frame'));
  if (!frame) throw new Error('the page has no frame');
  return frame;
}

/** A Chromium of the same version without a flag about its name. */
async function tourBare(site: Site) {
  const userDataDir = await mkdtemp(join(tmpdir(), 'bare-'));
  const browser = await puppeteer.launch({
    executablePath: inject('chromiumPath'),
    args: ['--no-sandbox'],
    userDataDir,
  });
  try {
    return await tour(browser, await browser.newPage(), site);
  } finally {
    await browser.close();
    await rm(userDataDir, { recursive: true, force: true });
  }
}

/** The user agent is replaced: that of a bare headless Chromium differs. */
function withAgent(said: Record<string, unknown>, agent: string) {
  const named = Object.entries(said).map(([place, one]) => [place, { ...Object(one), agent }]);
  return Object.fromEntries(named);
}

test('sites get the client hints that a bare Chromium gives, everywhere', async ({
  service,
  workspace,
}) => {
  const site = await openHintSite();
  const bare = await tourBare(site);
  expect(bare.said['first']).toMatchObject({ high: { architecture: expect.stringMatching(/./) } });
  expect(bare.headers['/']).toHaveProperty('sec-ch-ua-arch');

  const made = await service.call('POST', '/v1/browser-profiles', {
    name: 'named',
    fingerprint: { userAgent: AGENT },
  });
  const launch = { mode: 'profile', profileId: made.json.id };
  for (const [extra, agent] of [
    [{}, /\) Chrome\/\d+\.0\.0\.0 Safari\/537\.36$/],
    [{ launch }, AGENT],
  ]) {
    const { connection } = await workspace.create(Object(extra));
    const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
    const [first] = await browser.pages();
    if (!first) throw new Error('there is no page');
    const found = await tour(browser, first, site);
    const name = await browser.userAgent();
    expect(name).toEqual(typeof agent === 'string' ? agent : expect.stringMatching(Object(agent)));
    expect(found.said).toEqual(withAgent(bare.said, name));
    expect(found.headers).toEqual(bare.headers);
    await first.setUserAgent({ userAgent: 'Client/1.0' });
    expect(await first.evaluate('navigator.userAgent')).toBe('Client/1.0');
    await browser.disconnect();
  }
}, 120_000);
