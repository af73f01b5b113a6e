import { By } from 'selenium-webdriver';
import { expect } from 'vitest';
import { Bctrl, type Runtime } from '../../clients/typescript/src/index.ts';
import { openSite } from '../support/site.ts';
import { test as base } from '../support/test.ts';

const test = base.extend('bctrl', ({ service }) => {
  return new Bctrl({ baseUrl: service.url, apiKey: service.apiKey });
});

const LIBRARIES = { Playwright: withPlaywright, Puppeteer: withPuppeteer, Selenium: withSelenium };

test.for(Object.entries(LIBRARIES))(
  '%s reads a page, and the block ends the browser',
  async ([, read], { service, bctrl }) => {
    const site = await openSite('<title>site</title><h1>Hello</h1>');
    let alias: string;
    {
      await using runtime = await bctrl.createRuntime();
      ({ alias } = runtime);
      expect(await read(runtime, site)).toBe('Hello');
    }
    const { json } = await service.call('GET', `/v1/workspaces/default/runtimes/${alias}`);
    expect(json.status).toBe('stopped');
  },
);

async function withPlaywright(runtime: Runtime, site: string) {
  await using browser = await runtime.playwright();
  const page = await browser.newPage();
  await page.goto(site);
  const text = await page.textContent('h1');
  return text;
}

async function withPuppeteer(runtime: Runtime, site: string) {
  const browser = await runtime.puppeteer();
  const page = await browser.newPage();
  await page.goto(site);
  const text = await page.$eval('h1', ({ textContent }) => textContent);
  await browser.disconnect();
  return text;
}

async function withSelenium(runtime: Runtime, site: string) {
  const driver = await runtime.selenium();
  await driver.get(site);
  const text = await driver.findElement(By.css('h1')).getText();
  await driver.quit();
  return text;
}

test('the events of a runtime come until it ends, also over lost connections', async ({
  service,
}) => {
  const resumed: (string | null)[] = [];
  const bctrl = new Bctrl({
    baseUrl: service.url,
    apiKey: service.apiKey,
    fetch: async (request) => {
      const response = await fetch(request);
      if (!request.url.includes('/events/stream')) return response;
      resumed.push(request.headers.get('last-event-id'));
      return resumed.length === 1 ? brokenAfterAnEvent(response) : response;
    },
  });
  const runtime = await bctrl.createRuntime();
  const ids: string[] = [];
  const types: string[] = [];
  for await (const { id, type } of runtime.events()) {
    ids.push(id);
    types.push(type);
    if (type === 'runtime.launched') await runtime.stop();
  }
  expect(types[0]).toBe('runtime.created');
  expect(types.at(-1)).toBe('runtime.stopped');
  expect(new Set(ids).size).toBe(ids.length);
  expect(resumed.length).toBeGreaterThan(1);
  expect(ids).toContain(resumed[1]);
});

function brokenAfterAnEvent(response: Response): Response {
  const decoder = new TextDecoder();
  let hasEvent = false;
  const broken = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      if (hasEvent) return controller.error(new Error('the connection was lost'));
      hasEvent = decoder.decode(chunk).includes('data:');
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body?.pipeThrough(broken) ?? null, response);
}

test('the service carries steps out, and makes pictures and PDFs of pages', async ({ bctrl }) => {
  const url = await openSite('<title>site</title><h1>Hello</h1>');
  await using runtime = await bctrl.createRuntime();
  const done = await runtime.execute([{ call: 'page.goto', args: [url] }, { call: 'page.title' }]);
  expect(done).toMatchObject({ status: 'succeeded', result: { steps: [{}, { value: 'site' }] } });
  const { iframeUrl } = await runtime.live({ interactive: true });
  expect(iframeUrl).toContain('/embed/live/');

  const page = { url, timeoutMs: 120_000 };
  expect(Buffer.from(await bctrl.screenshot(page)).toString('latin1')).toMatch(/^.PNG/s);
  expect(Buffer.from(await bctrl.pdf(page)).toString('latin1')).toMatch(/^%PDF/);
  expect(await bctrl.content(page)).toContain('<h1>Hello</h1>');
  const { elements } = await bctrl.scrape({ ...page, elements: { title: { selector: 'h1' } } });
  expect(elements['title']).toMatchObject([{ text: 'Hello' }]);
});
