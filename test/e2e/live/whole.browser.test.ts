/** The live page in a person's browser, the service, and a runtime: what a person does, and what comes of it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import { By } from 'selenium-webdriver';
import { afterAll, expect, onTestFinished } from 'vitest';
import { loadConfig } from '../../../src/api/config/config.ts';
import { eventually } from '../../support/eventually.ts';
import { Forwarder } from '../../support/forwarder.ts';
import { INTERACTIVE, liveTest } from '../../support/live-test.ts';
import { attach } from '../../support/selenium.ts';
import { openSite, serveSite } from '../../support/site.ts';
import { embed } from '../../support/viewer.ts';

const ENDED = /not valid any more|The session has ended/;
const RED: [number, number, number] = [1, 0, 0];
const BLUE: [number, number, number] = [0, 0, 1];

/** A site that shows a live view in a frame: allowed as `localhost`, and as `127.0.0.1` not. */
const host = createServer(({ url = '' }, response) => {
  const src = decodeURIComponent(url.slice(2));
  response
    .setHeader('content-type', 'text/html')
    .end(`<iframe src="${src}" width="900" height="600"></iframe>`);
});
await once(host.listen(0, '127.0.0.1'), 'listening');
afterAll(() => void host.close());
const hostPort = (host.address() as AddressInfo).port;
const { frameAncestors } = loadConfig({ BCTRL_EMBED_ORIGINS: `http://localhost:${hostPort}` });

const test = liveTest({ frameAncestors });

test('mouse, wheel and drag reach their place in a window that is wider than the picture', async ({
  seen: { input },
  open,
}) => {
  const live = await open(INTERACTIVE, { viewport: { width: 1400, height: 500 } });
  const canvas = await live.page.locator('canvas').boundingBox();
  const stage = await live.page.locator('main').boundingBox();
  expect(canvas?.x).toBeGreaterThan((stage?.x ?? 0) + 20);
  await live.click(20, 20);
  await input.noted('click button true ');
  await live.says('You drive');
  await live.page.mouse.dblclick(...(await live.at(20, 20)));
  await live.page.mouse.click(...(await live.at(20, 20)), { button: 'right' });
  await input.noted('dblclick button true ', 'contextmenu button true ');
  await live.page.mouse.move(...(await live.at(20, 320)));
  await live.page.mouse.down();
  await live.page.mouse.move(...(await live.at(20, 370)), { steps: 5 });
  await live.page.mouse.up();
  await input.noted('dragstart from true ', 'drop to true ', 'dragend from true ');
  await live.page.mouse.wheel(0, 300);
  await eventually(async () => expect(await input.page.evaluate('scrollY')).toBeGreaterThan(0));
});

test('a tap is a touch, and clicks', async ({ seen: { input }, open }) => {
  const live = await open(INTERACTIVE, { hasTouch: true, viewport: { width: 390, height: 844 } });
  await live.page.touchscreen.tap(...(await live.at(20, 20)));
  await input.noted('touchstart button true ', 'touchend button true ', 'click button true ');
});

test('keys, an input method and the clipboards of both sides', async ({ seen, open, service }) => {
  const { input } = seen;
  const live = await open(INTERACTIVE, { permissions: ['clipboard-read', 'clipboard-write'] });
  const { keyboard } = live.page;
  await live.click(20, 70);
  await keyboard.type('Hello');
  const cdp = await live.page.context().newCDPSession(live.page);
  for (const text of ['に', 'にほん']) {
    const at = { selectionStart: text.length, selectionEnd: text.length };
    await cdp.send('Input.imeSetComposition', { text, ...at });
  }
  await cdp.send('Input.insertText', { text: '日本' });
  await input.hasValue('#text', 'Hello日本');
  await input.noted('keydown text true H', 'keyup text true o', 'compositionstart text true ');
  await keyboard.press('Control+A');
  await keyboard.press('Control+X');
  // The live page itself may not read the clipboard.
  const own = await live.page.context().newPage();
  await own.goto(`${service.url}/v1/openapi.json`);
  const clipboard = () => own.evaluate('navigator.clipboard.readText()');
  await expect.poll(clipboard).toBe('Hello日本');
  await input.hasValue('#text', '');
  await own.evaluate("navigator.clipboard.writeText('brought along')");
  await live.page.bringToFront();
  await live.click(20, 70);
  await keyboard.press('Control+V');
  await input.noted('paste text true brought along');
  await input.hasValue('#text', 'brought along');
});

test('lists and pickers are drawn over the picture, and chosen from', async ({
  seen: { input, live },
}) => {
  const { page } = live;
  await live.click(20, 120);
  await page.getByRole('option', { name: 'Gamma' }).click();
  await input.hasValue('#list', 'Gamma');
  const isOpen = () => input.page.$$eval(':open', ({ length }) => length > 0);
  await live.click(20, 120);
  await page.getByRole('listbox').waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(isOpen).toBe(false);
  await live.click(156, 175);
  await page.getByLabel('Date').fill('2026-11-30');
  await live.press('Set');
  await input.hasValue('#date', '2026-11-30');
  await live.click(30, 225);
  await page.getByLabel('Color').fill('#00ff00');
  await live.press('Set');
  await input.hasValue('#color', '#00ff00');
  await live.click(30, 225);
  await page.getByLabel('Color').waitFor();
  // The picker of the person's own browser takes the first.
  for (let n = 0; n < 2; n++) await page.keyboard.press('Escape');
  await expect.poll(isOpen).toBe(false);
  await input.noted('change list true ', 'change date false ', 'change color false ');
});

test('tabs, a popup, another site, and the buttons and the address of a browser', async ({
  runtime,
  open,
}) => {
  const whole = 'position:absolute;inset:0;display:block';
  const address = await serveSite(({ url, headers }, response) => {
    const [site] = headers.host?.split(':') ?? [];
    const body = {
      '/': `<title>First</title><a href="/popup" target=_blank style="${whole}">open</a>`,
      '/popup': `<title>Popup</title><a href="//${headers.host?.replace('127.0.0.1', 'localhost')}/other" style="${whole}">on</a>`,
    }[url ?? ''];
    response.setHeader('content-type', 'text/html');
    response.end(body ?? `<title>${site} ${url}</title><body style="background:#f00">`);
  });
  await runtime.page.goto(address);
  const live = await open();
  const { page } = live;
  const current = (name: string) => page.getByRole('tab', { name, selected: true }).waitFor();
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  await current('First');
  await live.click(300, 300);
  await current('Popup');
  await live.shows();
  await live.click(300, 300);
  await current('localhost /other');
  await live.hasColor(RED);
  await button('Back').click();
  await current('Popup');
  await button('Forward').click();
  await current('localhost /other');
  await button('Reload').click();
  const bar = page.getByRole('textbox', { name: 'Address' });
  await bar.fill(`${address}typed`);
  await bar.press('Enter');
  await current('127.0.0.1 /typed');
  await expect.poll(() => bar.inputValue()).toBe(`${address}typed`);
  await bar.fill('file:///etc/passwd');
  await bar.press('Enter');
  await live.says(/address of the machine itself/);
  await current('127.0.0.1 /typed');
  await button('New tab').click();
  await expect.poll(() => page.getByRole('tab').count()).toBe(3);
  await current('about:blank');
  for (const count of [2, 1]) {
    await page.locator('.tab .close').last().click();
    await expect.poll(() => page.getByRole('tab').count()).toBe(count);
  }
  await current('First');
  expect(await runtime.browser.pages()).toHaveLength(1);
});

test('a dialog that was there before is answered, and a page that crashed comes back', async ({
  runtime,
  open,
}) => {
  const tab = await runtime.browser.newPage();
  onTestFinished(() => tab.close());
  await tab.goto(await openSite('<title>fragile</title><body style="background:#00f">'));
  // A dialog that opens before the page was drawn for the first time leaves nothing to be seen.
  await tab.screenshot();
  const asked = tab.evaluate('prompt("Who?", "nobody")');
  asked.catch(() => undefined);
  const live = await open();
  const { page } = live;
  await page.getByRole('tab', { name: 'fragile' }).click();
  await page.getByRole('dialog').getByLabel('Who?').fill('somebody');
  await live.press('OK');
  expect(await asked).toBe('somebody');
  await live.hasColor(BLUE);
  const cdp = await tab.createCDPSession();
  cdp.send('Page.crash').catch(() => undefined);
  await live.says('This page has crashed.');
  await page.getByRole('main').getByRole('button', { name: 'Reload' }).click();
  await expect.poll(() => page.getByText('This page has crashed.').count()).toBe(0);
  await live.shows();
  await live.hasColor(BLUE);
});

test('a dialog names the site whose frame opens it', async ({ runtime, open }) => {
  // A dialog holds up what loads.
  const script = "onload = () => setTimeout(() => alert('Hello.'), 200)";
  const inner = (await openSite(`<script>${script}</script>`)).replace('127.0.0.1', 'localhost');
  await runtime.page.goto(await openSite(`<iframe src="${inner}"></iframe>`));
  const { page } = await open();
  const name = `An embedded page at ${new URL(inner).host} says`;
  await page.getByRole('dialog', { name }).waitFor();
  await page.getByRole('button', { name: 'OK' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('two people hand the browser over, and a third only watches', async ({ seen, open }) => {
  const { input, live: one } = seen;
  const [two, third] = await Promise.all([open(), open({})]);
  await third.page.keyboard.type('x');
  await third.page.mouse.wheel(0, 100);
  await third.click(20, 20);
  await one.click(20, 20);
  await one.says('You drive');
  await Promise.all([two.says('Someone else drives'), third.says('Someone else drives')]);
  await two.click(20, 20);
  const refusal = two.page.getByRole('log').filter({ hasText: 'Someone else drives the browser.' });
  await refusal.getByRole('button', { name: 'Take control' }).click();
  await one.says('Someone else took over.');
  await one.says('Someone else drives');
  await two.click(20, 20);
  await eventually(async () => {
    const clicks = (await input.notes()).filter((note) => note.startsWith('click'));
    expect(clicks).toEqual(['click button true ', 'click button true ']);
  });
  expect((await input.notes()).some((note) => /^(key|wheel)/.test(note))).toBe(false);
  expect(await third.page.getByRole('button', { name: /control|Hand|New tab|Back/ }).count()).toBe(
    0,
  );
  await two.press('Hand back');
  await Promise.all([one, two, third].map((viewer) => viewer.says('Program drives')));
});

test('a view goes on after its connection was cut', async ({ service, runtime, open }) => {
  await using way = await Forwarder.open({ to: Number(new URL(service.url).port) });
  await runtime.page.goto(await openSite('<body style="background:#f00">'));
  const live = await open(INTERACTIVE, {}, way.port);
  await live.hasColor(RED);
  await way.cut();
  await live.says('Reconnecting…');
  await runtime.page.evaluate('void (document.body.style.background = "#00f")');
  await way.restore();
  await live.hasColor(BLUE);
  await live.page.locator('.stage[data-state=live]').waitFor();
  await runtime.page.evaluate('void (onclick = () => (document.body.style.background = "#f00"))');
  await live.click(300, 300);
  await live.hasColor(RED);
});

test('links that lead nowhere say so', async ({ service, viewing, runtime, workspace }) => {
  const [ended, good] = await Promise.all([
    workspace.create({ maxDurationSeconds: 2 }),
    embed(service, runtime.path),
  ]);
  const path = `${workspace.runtimes}/${ended.id}`;
  const short = await embed(service, path);
  const says = async (address: string, sentence: RegExp) => {
    const page = await viewing.newPage();
    await page.goto(address);
    await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
    await page.close();
  };
  const [page] = good.iframeUrl.split('#');
  await Promise.all([
    // The address is good for as long as the runtime is there, and both end at once.
    says(short.iframeUrl, ENDED),
    says(`${page}#token=${short.token}`, /not valid any more/),
    says(`${page}#token=garbage`, /not valid any more/),
    says(`${page}`, /This link is not complete/),
  ]);
  await says(short.iframeUrl, ENDED);
});

test('only pages of the sites that are named may show it in a frame', async ({
  service,
  viewing,
  runtime,
}) => {
  await runtime.page.goto(await openSite('<title>framed</title><body style="background:#f00">'));
  const { iframeUrl } = await embed(service, runtime.path, INTERACTIVE);
  const show = async (name: string) => {
    const page = await viewing.newPage();
    onTestFinished(() => page.close());
    const refusals: string[] = [];
    page.on('console', (message) => refusals.push(message.text()));
    await page.goto(`http://${name}:${hostPort}/?${encodeURIComponent(iframeUrl)}`);
    return { page, refusals };
  };
  const allowed = await show('localhost');
  const frame = allowed.page.frameLocator('iframe');
  await frame.getByRole('tab', { name: 'framed' }).waitFor();
  await frame.locator('canvas').click();
  await frame.getByText('You drive', { exact: true }).waitFor();
  expect(allowed.refusals).toEqual([]);
  const refused = await show('127.0.0.1');
  await expect.poll(() => refused.refusals.join()).toContain('frame-ancestors');
  expect(await refused.page.frameLocator('iframe').getByRole('tab').count()).toBe(0);
});

test('clients of all drivers go on, and click when they drive again', async ({
  runtime: { connection, browser, page },
  open,
}) => {
  const address = await openSite(
    '<title>waiting</title><button style="width:200px;height:200px" onclick="document.title=\'clicked\'">go</button>',
  );
  const live = await open();
  const tabs = await browser.newPage();
  onTestFinished(() => tabs.close());
  await tabs.goto(address);
  const overCdp = await chromium.connectOverCDP(connection.cdpUrl);
  onTestFinished(() => overCdp.close());
  const own = await overCdp.contexts()[0]?.newPage();
  if (!own) throw new Error('there is no context');
  await own.goto(address);
  const selenium = await attach(connection.webdriverUrl);
  onTestFinished(() => selenium.quit());
  await selenium.switchTo().newWindow('tab');
  await selenium.get(address);
  const go = await selenium.findElement(By.css('button'));
  await live.press('Take control');
  await live.says('You drive');
  // A session of WebDriver does one thing at a time.
  expect(await selenium.executeScript('return 1 + 1')).toBe(2);
  expect(await selenium.takeScreenshot()).not.toBe('');
  const clicks = Promise.all([tabs.click('button'), own.click('button'), go.click()]);
  // What fails before they are waited for is told alone.
  clicks.catch(() => undefined);
  const titles = () => Promise.all([tabs.title(), own.title(), selenium.getTitle()]);
  const sum = '1 + 1';
  expect(await Promise.all([tabs.evaluate(sum), own.evaluate(sum), page.evaluate(sum)])).toEqual([
    2, 2, 2,
  ]);
  // Chromium may leave a screenshot of a hidden tab unanswered for a long time.
  for (const tab of [tabs, own]) {
    await tab.bringToFront();
    await tab.screenshot();
  }
  expect([await tabs.title(), await own.title()]).toEqual(['waiting', 'waiting']);
  await live.press('Hand back');
  await clicks;
  expect(await titles()).toEqual(['clicked', 'clicked', 'clicked']);
});
