import { localBrowser, Stagehand } from '@browserbasehq/stagehand';
import { chromium, type Browser, type Page } from 'playwright-core';
import { Builder, By, Key } from 'selenium-webdriver';
import { afterAll, expect, onTestFinished } from 'vitest';
import { contention } from '../../support/contention.ts';
import { openCdp } from '../../support/cdp.ts';
import { playwrightPage, puppeteerPage } from '../../support/first-page.ts';
import { modelStandIn } from '../../support/model-stand-in.ts';
import { openTestService } from '../../support/service.ts';
import { openSite } from '../../support/site.ts';
import { mean } from '../../support/statistics.ts';
import { createWorkspace, test } from '../../support/test.ts';

/** An event that the page received. */
interface Recorded {
  type: string;
  /** In ms. */
  at: number;
  x: number;
  y: number;
  key?: string;
  target: string;
  buttons: number;
  detail: number;
  shift: boolean;
}

const RECORDER = `<script>
const recorded = [];
const types = 'mousemove mousedown mouseup click dblclick keydown keyup input wheel dragstart drop touchstart touchend';
for (const type of types.split(' ')) addEventListener(type, (event) => recorded.push({
  type, at: performance.now(), x: event.clientX, y: event.clientY, key: event.key,
  target: event.target.id, buttons: event.buttons, detail: event.detail, shift: event.shiftKey,
}), { capture: true, passive: true });
</script>`;

const PAGE = `<!doctype html><title>recorder</title><body style="margin:0;height:3000px">
<style>* { position: absolute; box-sizing: border-box } body { position: static }</style>
<input id="name" style="left:300px;top:40px;width:200px">
<button id="go" style="left:500px;top:300px;width:120px;height:40px">Go</button>
<div id="from" draggable="true" ondragstart="event.dataTransfer.setData('text/plain', 'dragged')"
  style="left:20px;top:100px;width:60px;height:60px;background:red"></div>
<div id="into" ondragover="event.preventDefault()"
  ondrop="this.textContent = event.dataTransfer.getData('text/plain')"
  style="left:420px;top:200px;width:60px;height:60px;background:blue"></div>
<div id="knob" style="left:20px;top:300px;width:20px;height:20px;background:green"></div>
<script>
let grip;
knob.onpointerdown = (event) => {
  grip = event.clientX - knob.offsetLeft;
  knob.setPointerCapture(event.pointerId);
};
knob.onpointermove = (event) => {
  if (grip !== undefined) knob.style.left = event.clientX - grip + 'px';
};
knob.onpointerup = () => { grip = undefined; };
</script>${RECORDER}`;

/** A quick persona, whose paths are never quite straight. */
const launch = { mode: 'ephemeral', config: { humanize: true, humanizePersonaId: 16576 } };

const ofType = (events: Recorded[], type: string) => events.filter((event) => event.type === type);

/** Moves are about 10 ms apart, and a page gets them once per frame. */
const MOVES_APART_MAX_MS = 50;

const landings: string[] = [];
// A machine always clicks the middle of a button; a person rarely does.
afterAll(() => {
  if (landings.length > 1) expect(new Set(landings).size).toBeGreaterThan(1);
});

/** A click on #go by someone whose pointer came from elsewhere. */
function expectHumanClick(events: Recorded[]): void {
  const [down] = ofType(events, 'mousedown').filter(({ target }) => target === 'go');
  const [up] = ofType(events, 'mouseup').filter(({ target }) => target === 'go');
  const [click] = ofType(events, 'click').filter(({ target }) => target === 'go');
  if (!down || !up || !click) throw new Error('the button was not clicked');
  const way = ofType(events.slice(0, events.indexOf(down)), 'mousemove').slice(-200);
  expect(way.length).toBeGreaterThan(8);
  expect(way.at(-1)).toMatchObject({ x: down.x, y: down.y, target: 'go' });
  landings.push(`${down.x},${down.y}`);
  expect(up.at - down.at).toBeGreaterThan(30);
  expect(up.at - down.at).toBeLessThan(400 * contention());
  const [first, last] = [way[0], way.at(-1)];
  if (!first || !last) throw new Error('there was no way');
  const lengthPx = Math.hypot(last.x - first.x, last.y - first.y);
  const aside = way.map(
    ({ x, y }) =>
      ((x - first.x) * (last.y - first.y) - (y - first.y) * (last.x - first.x)) / lengthPx,
  );
  expect(Math.max(...aside.map(Math.abs))).toBeGreaterThan(1);
  if (wasLate(way)) return;
  // The pointer slows down as it arrives. Compares distances, because the times depend on the machine.
  const steps = way.slice(1).map(({ x, y }, index) => {
    const before = way[index] ?? first;
    return Math.hypot(x - before.x, y - before.y);
  });
  const third = Math.floor(steps.length / 3);
  expect(mean(steps.slice(third, 2 * third))).toBeGreaterThan(mean(steps.slice(-third)));
}

/** Chromium merges the moves that come while a page is busy; the distances then show nothing. */
function wasLate(way: Recorded[]): boolean {
  return way.some(({ at }, index) => at - (way[index - 1]?.at ?? at) > MOVES_APART_MAX_MS);
}

function expectHumanTyping(events: Recorded[], text: string): void {
  const downs = ofType(events, 'keydown').filter(({ key }) => key !== 'Shift');
  expect(downs.map(({ key }) => key).join('')).toBe(text);
  const gaps = downs.slice(1).map(({ at }, index) => at - (downs[index]?.at ?? 0));
  expect(mean(gaps)).toBeGreaterThan(60);
  expect(new Set(gaps.map((gap) => Math.round(gap / 4))).size).toBeGreaterThan(gaps.length / 3);
}

async function recorderIn(browser: Browser): Promise<Page> {
  return playwrightPage(browser, await openSite(PAGE));
}

const recordedBy = (page: Page) => page.evaluate<Recorded[]>('recorded.splice(0)');

test('Playwright over CDP clicks, types, hovers, scrolls and drags as a person', async ({
  workspace,
}) => {
  const { connection } = await workspace.create({ launch });
  const page = await recorderIn(await chromium.connectOverCDP(connection.cdpUrl));
  await page.click('#go');
  expectHumanClick(await recordedBy(page));

  await page.fill('#name', 'Hello, 5€');
  expect(await page.inputValue('#name')).toBe('Hello, 5€');
  expectHumanTyping(await recordedBy(page), 'Hello, 5');
  await page.locator('#name').pressSequentially(' and on');
  expect(await page.inputValue('#name')).toBe('Hello, 5€ and on');
  expectHumanTyping(await recordedBy(page), ' and on');

  await page.hover('#from');
  await page.dblclick('#go', { modifiers: ['Shift'] });
  const doubled = await recordedBy(page);
  expect(ofType(doubled, 'dblclick')).toMatchObject([{ target: 'go', shift: true, detail: 2 }]);
  expect(ofType(doubled, 'click').map(({ detail }) => detail)).toEqual([1, 2]);

  await page.dragAndDrop('#from', '#into');
  expect(await page.textContent('#into')).toBe('dragged');
  await recordedBy(page);
  await page.mouse.move(30, 310);
  await page.mouse.down();
  await page.mouse.move(230, 310);
  await page.mouse.up();
  expect(await page.evaluate('knob.style.left')).toBe('220px');
  const held = ofType(await recordedBy(page), 'mousemove').filter(({ buttons }) => buttons === 1);
  expect(held.length).toBeGreaterThan(8);

  await page.mouse.wheel(0, 500);
  await page.waitForFunction('scrollY === 500');
  expect(ofType(await recordedBy(page), 'wheel').length).toBeGreaterThan(5);
});

test('touch and composed text are not humanized', async ({ workspace }) => {
  const { connection } = await workspace.create({ launch });
  const page = await recorderIn(await chromium.connectOverCDP(connection.cdpUrl));
  const session = await page.context().newCDPSession(page);
  await page.focus('#name');
  const composed = { text: 'に', selectionStart: 1, selectionEnd: 1 };
  await session.send('Input.imeSetComposition', composed);
  await session.send('Input.insertText', { text: '日本' });
  expect(await page.inputValue('#name')).toBe('日本');
  const touchPoints = [{ x: 550, y: 320 }];
  await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  const events = await recordedBy(page);
  const [start] = ofType(events, 'touchstart');
  const [end] = ofType(events, 'touchend');
  expect(start).toMatchObject({ target: 'go' });
  expect((end?.at ?? 0) - (start?.at ?? 0)).toBeGreaterThan(30);
});

test('Playwright by its own protocol clicks and types as a person', async ({ workspace }) => {
  const { connection } = await workspace.create({ launch });
  const page = await recorderIn(await chromium.connect(connection.playwrightUrl));
  await page.locator('#name').pressSequentially('Playwright');
  await page.click('#go');
  const events = await recordedBy(page);
  expectHumanTyping(events, 'Playwright');
  expectHumanClick(events);
});

test('Puppeteer clicks, types and drags as a person', async ({ workspace }) => {
  const { connection } = await workspace.create({ launch });
  const page = await puppeteerPage(connection.cdpUrl, await openSite(PAGE));
  await page.type('#name', 'Puppeteer');
  await page.click('#go');
  const events = (await page.evaluate('recorded.splice(0)')) as Recorded[];
  expectHumanTyping(events, 'Puppeteer');
  expectHumanClick(events);
  const [from, into] = [await page.$('#from'), await page.$('#into')];
  if (!from || !into) throw new Error('there is nothing to drag');
  await from.drag(into);
  await into.drop(from);
  expect(await page.$eval('#into', (element) => element.textContent)).toBe('dragged');
});

test('Selenium clicks, types and drags as a person, and BiDi refuses commands that cannot be humanized', async ({
  workspace,
}) => {
  const { connection } = await workspace.create({ launch });
  const driver = await new Builder()
    .usingServer(connection.webdriverUrl)
    .forBrowser('chrome')
    .withCapabilities({ browserName: 'chrome', webSocketUrl: true })
    .build();
  onTestFinished(() => driver.quit());
  await driver.get(await openSite(PAGE));
  await driver.findElement(By.id('name')).sendKeys('Selenium');
  await driver.findElement(By.id('go')).click();
  const events = await driver.executeScript<Recorded[]>('return recorded.splice(0)');
  expectHumanTyping(events, 'Selenium');
  expectHumanClick(events);
  const actions = driver.actions();
  const [from, into] = await Promise.all(
    ['from', 'into'].map((id) => driver.findElement(By.id(id))),
  );
  if (!from || !into) throw new Error('there is nothing to drag');
  await actions.dragAndDrop(from, into).perform();
  expect(await into.getText()).toBe('dragged');
  await driver.findElement(By.id('name')).sendKeys(Key.BACK_SPACE, 'e');
  expect(await driver.findElement(By.id('name')).getAttribute('value')).toBe('Seleniue');
  const bidi = await driver.getBidi();
  for (const [method, params] of [
    ['input.performActions', { context: 'c', actions: [] }],
    ['goog:cdp.sendCommand', { method: 'Input.insertText', params: { text: 'x' } }],
  ] as const) {
    const refused = await bidi.send({ method, params });
    expect(refused).toMatchObject({ type: 'error', error: 'unsupported operation' });
  }
});

test('Stagehand acts as a person', async ({ workspace }) => {
  const { connection } = await workspace.create({ launch });
  const browser = await localBrowser.connect({ cdpUrl: connection.cdpUrl });
  onTestFinished(() => browser.close());
  const stagehand = await Stagehand.create({
    browser,
    model: modelStandIn,
    logging: { level: 'error' },
  });
  const page = await browser.context.newPage();
  await page.goto(await openSite());
  await page.evaluate(`window.recorded = [];
    for (const type of ['mousemove', 'mousedown', 'mouseup', 'keydown']) addEventListener(type,
      (event) => recorded.push({ type, at: performance.now(), key: event.key }), true)`);
  await stagehand.act('type "Stagehand" into the name field');
  await stagehand.act('click the Greet button');
  expect(await page.locator('#said').textContent()).toBe('Hello Stagehand');
  const events = await page.evaluate<Recorded[]>('recorded');
  expect(ofType(events, 'mousemove').length).toBeGreaterThan(8);
  const keys = ofType(events, 'keydown').map(({ key = '' }) => key);
  expect(keys.filter((key) => key.length === 1).join('')).toBe('Stagehand');
});

const TARGETS = 400;
const PAGES = 4;
const GRID = `<!doctype html><body style="margin:0">
<style>button { position: absolute; width: 12px; height: 12px; padding: 0 }</style>
<script>
window.hits = [];
for (let at = 0; at < ${TARGETS / PAGES}; at++) {
  const button = document.body.appendChild(document.createElement('button'));
  button.style.left = (at % 25) * 30 + 4 + 'px';
  button.style.top = Math.floor(at / 25) * 30 + 4 + 'px';
  button.onclick = () => hits.push(at);
}
</script>`;

const middleOf = (at: number) => ({ x: (at % 25) * 30 + 10, y: Math.floor(at / 25) * 30 + 10 });

test('hundreds of clicks on small targets all hit', async () => {
  await using service = await openTestService({ humanizeMaxDelayMs: 10 });
  const workspace = await createWorkspace(service);
  const { connection } = await workspace.create({ launch });
  using client = await openCdp(connection.cdpUrl);
  const url = await openSite(GRID);
  // Each target is far from the previous one.
  const order = Array.from({ length: TARGETS / PAGES }, (_, at) => (at * 87) % (TARGETS / PAGES));
  const clickAll = async () => {
    const { targetId } = await client.send('Target.createTarget', { url });
    const attach = { targetId, flatten: true };
    const { sessionId } = await client.send('Target.attachToTarget', attach);
    const send = (method: string, params: object) => client.send(method, params, String(sessionId));
    const evaluate = async (expression: string) => {
      const { result } = await send('Runtime.evaluate', { expression, returnByValue: true });
      return (result as { value: unknown }).value;
    };
    await expect
      .poll(() => evaluate('document.querySelectorAll("button").length'))
      .toBe(order.length);
    // Sends all clicks at once: each must hit its target while the next ones already wait.
    await Promise.all(
      order.flatMap((at) => {
        const press = { ...middleOf(at), button: 'left', clickCount: 1 };
        return [
          send('Input.dispatchMouseEvent', { ...middleOf(at), type: 'mouseMoved' }),
          send('Input.dispatchMouseEvent', { ...press, type: 'mousePressed' }),
          send('Input.dispatchMouseEvent', { ...press, type: 'mouseReleased' }),
        ];
      }),
    );
    const hits = await evaluate('hits');
    expect(hits).toEqual(order);
  };
  await Promise.all(Array.from({ length: PAGES }, clickAll));
});
