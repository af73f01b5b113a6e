/** Who may watch and drive a runtime, what they see of its tabs, and what nobody else notices. */
import puppeteer, { type Page } from 'puppeteer-core';
import { expect, onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import type { TestService } from '../../support/service.ts';
import { openSite } from '../../support/site.ts';
import { testWith, type TestWorkspace } from '../../support/test.ts';
import { embed, view, watch, type TestViewer } from '../../support/viewer.ts';

const VIEWERS_MAX = 3;
const test = testWith({ viewersMax: VIEWERS_MAX });

interface Opened {
  runtime: string;
  page: Page;
  watch: (options?: Record<string, unknown>) => Promise<TestViewer>;
}

async function open(service: TestService, workspace: TestWorkspace): Promise<Opened> {
  const { id, connection } = await workspace.create();
  const browser = await puppeteer.connect({
    browserWSEndpoint: connection.cdpUrl,
    defaultViewport: null,
  });
  onTestFinished(() => browser.disconnect());
  const [page] = await browser.pages();
  if (!page) throw new Error('there is no page');
  const runtime = `${workspace.runtimes}/${id}`;
  return {
    runtime,
    page,
    watch: async (options) => {
      const viewer = await watch(service, runtime, options);
      onTestFinished(() => viewer[Symbol.asyncDispose]());
      return viewer;
    },
  };
}

const isBehind = ({ title }: { title: string }) => title === 'behind';

const closedWith = (viewer: TestViewer, code: number) =>
  eventually(() => expect(viewer.closed).toMatchObject({ code }));

test('an address is a connection, which ends when it is revoked', async ({
  service,
  workspace,
}) => {
  const { runtime } = await open(service, workspace);
  const { token, iframeUrl, connectionId, expiresAt } = await embed(service, runtime);
  expect(iframeUrl).toBe(`${service.url}/embed/live/${runtime.split('/').at(-1)}#token=${token}`);
  expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(86_400_000);
  await using viewer = await view({ token, iframeUrl });
  await viewer.hear('hello', ({ isInteractive, showControls, viewerMode }) => {
    return !isInteractive && showControls && viewerMode === 'last_used';
  });
  const { json } = await service.call('GET', `${runtime}/connections`);
  const [shown] = json.connections;
  const as = { id: connectionId, protocol: 'live', access: 'observe' };
  expect(shown).toMatchObject({ ...as, attachedClients: 1 });
  // Whoever only watches does not use the runtime.
  expect(shown.lastActivityAt).toBeNull();
  await service.call('DELETE', `${runtime}/connections/${shown.id}`);
  await closedWith(viewer, 4401);
  await closedWith(await view({ token, iframeUrl }), 4401);
});

test('a token opens its own runtime, in its own life, until it expires', async ({
  service,
  workspace,
}) => {
  const { runtime } = await open(service, workspace);
  const short = await workspace.create({ maxDurationSeconds: 60 });
  const capped = await embed(service, `${workspace.runtimes}/${short.id}`);
  expect(Date.parse(capped.expiresAt) - Date.now()).toBeLessThanOrEqual(60_000);
  const brief = await embed(service, runtime, { ttlSeconds: 1 });
  await closedWith(await view(brief), 4401);
  const good = await embed(service, runtime);
  await closedWith(await view({ ...good, token: `${good.token}x` }), 4401);
  const elsewhere = capped.iframeUrl;
  await closedWith(await view({ iframeUrl: elsewhere, token: good.token }), 4401);
  // A token of a driver opens no view, and that of a view no driver.
  const driver = await service.call('POST', `${runtime}/connections`, { protocol: 'cdp' });
  const ticket = String(driver.json.url.split('/').at(-1));
  await closedWith(await view({ ...good, token: ticket }), 4401);
  const asDriver = await service.call('GET', `/v1/connect/${good.token}/json/version`);
  expect(asDriver).toMatchObject({ status: 401, json: { code: 'connection.ticket_invalid' } });
  const refused = await service.callAsOther('POST', `${runtime}/embed/live`, {});
  expect(refused.status).toBe(404);
  await using viewer = await view(good);
  await service.call('POST', `${runtime}/restart`);
  await closedWith(viewer, 4410);
  await closedWith(await view(good), 4401);
  await service.call('POST', `${runtime}/stop`);
  await closedWith(await view(good), 4410);
  expect(await service.call('POST', `${runtime}/embed/live`, {})).toMatchObject({
    status: 410,
    json: { code: 'runtime.not_active' },
  });
});

test('a wrong body is refused by its field', async ({ service, workspace }) => {
  const { runtime } = await open(service, workspace);
  // All fields may be left out, and the body with them.
  expect((await service.call('POST', `${runtime}/embed/live`)).status).toBe(200);
  const wrong = await service.call('POST', `${runtime}/embed/live`, { viewerMode: 'mine' });
  expect(wrong).toMatchObject({ status: 400, json: { code: 'request.invalid' } });
  expect(wrong.json.details.issues).toMatchObject([{ path: 'viewerMode' }]);
});

test('whoever may only watch changes nothing', async ({ service, workspace }) => {
  const { page, watch: open_ } = await open(service, workspace);
  await page.goto(
    await openSite(
      '<button style="position:absolute;left:0;top:0;width:99px;height:99px" onclick="document.title=1">',
    ),
  );
  const viewer = await open_({});
  await viewer.hear('tabs', ({ tabs }) => tabs[0]?.url === page.url());
  viewer.click(20, 20);
  viewer.say({ t: 'go', url: 'about:blank' });
  viewer.say({ t: 'new' });
  viewer.say({ t: 'text', text: 'x' });
  viewer.say({ t: 'control', do: 'take' });
  await eventually(() => expect(viewer.said.filter(({ t }) => t === 'notice')).toHaveLength(6));
  await viewer.hear('control', ({ driver }) => driver === 'agent');
  expect(await page.title()).not.toBe('1');
  expect(await page.browser().pages()).toHaveLength(1);
  viewer.sendRaw('{"t":"mouse"}');
  await closedWith(viewer, 1007);
});

test('without controls, viewers go nowhere but where the page leads', async ({
  service,
  workspace,
}) => {
  const { page, watch: open_ } = await open(service, workspace);
  const viewer = await open_({ interactive: true, showControls: false });
  viewer.say({ t: 'go', url: 'https://example.com' });
  await viewer.hear('notice', ({ message }) => message === 'This view has no controls.');
  expect(page.url()).toBe('about:blank');
});

test('addresses are judged as those of clients', async ({ service, workspace }) => {
  const { page, watch: open_ } = await open(service, workspace);
  const viewer = await open_();
  for (const url of ['file:///etc/passwd', 'chrome://version', 'view-source:file:///etc/passwd']) {
    viewer.said.length = 0;
    viewer.say({ t: 'go', url });
    await viewer.hear('notice', ({ message }) => /address of the machine itself/.test(message));
  }
  expect(page.url()).toBe('about:blank');
});

test('a page at rest is shown sharp once, and nobody who watches costs nothing', async ({
  service,
  workspace,
}) => {
  const { page, watch: open_ } = await open(service, workspace);
  await page.goto(await openSite('<body style="background:#fc0"><h1>Still</h1>'));
  const viewer = await open_({});
  await eventually(() => expect(viewer.pictures.at(-1)?.isSharp).toBe(true));
  const count = viewer.pictures.length;
  const seen = viewer.pictures.at(-1);
  expect(seen?.image.toString('latin1', 8, 12)).toBe('WEBP');
  expect(viewer.pictures[0]?.image.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
  const size = await page.evaluate('[innerWidth, innerHeight]');
  expect([seen?.width, seen?.height]).toEqual(size);
  await page.evaluate('new Promise((done) => setTimeout(done, 1500))');
  expect(viewer.pictures).toHaveLength(count);
  await page.evaluate('void (document.body.style.background = "#0cf")');
  await eventually(() => expect(viewer.pictures.length).toBeGreaterThan(count));
});

test('a viewer that draws nothing holds two pictures, and slows nobody', async ({
  service,
  workspace,
}) => {
  const { page, watch: open_ } = await open(service, workspace);
  const [stalled, other] = [await open_({}), await open_({})];
  stalled.draws = false;
  await page.goto(
    await openSite(`<canvas id=c width=600 height=400></canvas><script>
      let n = 0; const g = c.getContext('2d');
      const draw = () => { g.fillStyle = 'hsl(' + n++ % 360 + ' 80% 50%)'; g.fillRect(n % 500, n % 300, 90, 90); requestAnimationFrame(draw); };
      draw();</script>`),
  );
  const before = other.pictures.length;
  await eventually(() => expect(other.pictures.length).toBeGreaterThan(before + 30));
  expect(stalled.pictures.length).toBeLessThanOrEqual(4);
  const held = stalled.pictures.length;
  stalled.draws = true;
  for (const { seq } of stalled.pictures.slice()) stalled.draw(seq);
  await eventually(() => expect(stalled.pictures.length).toBeGreaterThan(held + 5));
});

test('there is room for so many viewers', async ({ service, workspace }) => {
  const { runtime, watch: open_ } = await open(service, workspace);
  const viewers = await Promise.all(Array.from({ length: VIEWERS_MAX }, () => open_({})));
  await viewers[0]?.hear('control', ({ viewers: count }) => count === VIEWERS_MAX);
  await closedWith(await watch(service, runtime, {}), 4429);
  await viewers[0]?.[Symbol.asyncDispose]();
  await viewers[1]?.hear('control', ({ viewers: count }) => count === VIEWERS_MAX - 1);
  const next = await open_({});
  await next.hear('hello');
});

test('a tab behind another is rendered for viewers, and hidden again after them', async ({
  service,
  workspace,
}) => {
  const { page, watch: open_ } = await open(service, workspace);
  await page.goto(await openSite('<title>behind</title><h1>behind</h1>'));
  const front = await page.browser().newPage();
  await front.goto(await openSite('<title>front</title>'));
  await front.evaluate(
    'void (globalThis.changes = [], addEventListener("visibilitychange", () => changes.push(document.visibilityState)))',
  );
  const state = () => page.evaluate('document.visibilityState');
  await front.bringToFront();
  await eventually(async () => expect(await state()).toBe('hidden'));
  const viewer = await open_({});
  const { tabs } = await viewer.hear('tabs', ({ tabs: all }) => all.some(isBehind));
  const behind = tabs.find(isBehind);
  viewer.say({ t: 'follow', tab: behind?.id });
  await viewer.hear('tabs', ({ current }) => current === behind?.id);
  await eventually(async () => expect(await state()).toBe('visible'));
  expect(await front.evaluate('changes')).toEqual([]);
  await viewer[Symbol.asyncDispose]();
  await eventually(async () => expect(await state()).toBe('hidden'));
});

test('views follow what is used, and a popup', async ({ service, workspace }) => {
  const { page, watch: open_ } = await open(service, workspace);
  const other = await page.browser().newPage();
  const [anybody, programs] = [await open_(), await open_({ viewerMode: 'automation' })];
  await page.evaluate('1 + 1');
  await page.mouse.click(1, 1);
  const { tabs } = await programs.hear('tabs', ({ tabs: all }) => all.length === 2);
  const [first, second] = tabs.map(({ id }) => id);
  await programs.hear('tabs', ({ current }) => current === first);
  await other.mouse.click(1, 1);
  await programs.hear('tabs', ({ current }) => current === second);
  await anybody.hear('tabs', ({ current }) => current === second);
  await page.goto(
    await openSite('<body onclick="window.open(\'about:blank\')" style="height:400px">'),
  );
  await anybody.hear('tabs', ({ current }) => current === first);
  anybody.click(50, 50);
  await anybody.hear(
    'tabs',
    ({ tabs: all, current }) => all.length === 3 && current === all[2]?.id,
  );
  await programs.hear('tabs', ({ current }) => current === first);
});

test('two viewers hand the browser over, and nothing stays down', async ({
  service,
  workspace,
}) => {
  const { page, watch: open_ } = await open(service, workspace);
  await page.goto(
    await openSite(`<body style="height:400px"><script>
      var noted = [];
      for (const type of ['mousedown', 'mouseup', 'keydown', 'keyup']) addEventListener(type, ({ key }) => noted.push(type + (key ?? '')));
    </script>`),
  );
  const noted = (list: string[]) =>
    eventually(async () => expect(await page.evaluate('noted')).toEqual(list));
  const [one, two] = [await open_(), await open_()];
  await one.hear('tabs', ({ tabs }) => tabs[0]?.url === page.url());
  const press = { t: 'mouse', x: 9, y: 9, button: 'left', clicks: 1, modifiers: 0 } as const;
  one.say({ ...press, type: 'down', buttons: 1 });
  const shift = { key: 'Shift', code: 'ShiftLeft', keyCode: 16, location: 1, modifiers: 8 };
  one.say({ t: 'key', type: 'down', isRepeat: false, ...shift });
  await one.hear('control', ({ driver }) => driver === 'you');
  await two.hear('control', ({ driver }) => driver === 'human');
  await noted(['mousedown', 'keydownShift']);
  two.click(20, 20);
  await two.hear('notice', ({ message }) => message === 'Someone else drives the browser.');
  two.say({ t: 'control', do: 'take' });
  await one.hear('control', ({ driver }) => driver === 'human');
  await noted(['mousedown', 'keydownShift', 'keyupShift', 'mouseup']);
  two.click(20, 20);
  await noted(['mousedown', 'keydownShift', 'keyupShift', 'mouseup', 'mousedown', 'mouseup']);
  await two[Symbol.asyncDispose]();
  await one.hear('control', ({ driver }) => driver === 'agent');
});

test('a dialog that was there before is answered, and one that a program answers is not shown', async ({
  service,
  workspace,
}) => {
  const { page, watch: open_ } = await open(service, workspace);
  // Puppeteer leaves a dialog to whoever listens.
  const asked = page.evaluate('prompt("Who?", "nobody")');
  await eventually(async () => {
    const viewer = await open_();
    await using _ = viewer;
    await viewer.hear('tabs', ({ tabs }) => tabs[0]?.hasDialog === true);
  });
  const late = await open_();
  const { dialog, message, default: given } = await late.hear('dialog');
  expect([message, given]).toEqual(['Who?', 'nobody']);
  late.say({ t: 'dialog', dialog, accept: true, text: 'somebody' });
  expect(await asked).toBe('somebody');
  await late.hear('dialogClosed');
  late.said.length = 0;
  page.once('dialog', (opened) => void opened.accept());
  await page.evaluate('alert("short")');
  await page.evaluate('new Promise((done) => setTimeout(done, 500))');
  expect(late.said.filter(({ t }) => t === 'dialog')).toEqual([]);
});

test('a crashed tab says so, and is shown again after a reload', async ({ service, workspace }) => {
  const { page, watch: open_ } = await open(service, workspace);
  await page.goto(await openSite('<body style="background:#0f0">'));
  const viewer = await open_();
  await eventually(() => expect(viewer.pictures.length).toBeGreaterThan(0));
  page.goto('chrome://crash').catch(() => undefined);
  const session = await page.createCDPSession();
  session.send('Page.crash').catch(() => undefined);
  await viewer.hear('tabs', ({ tabs }) => tabs[0]?.hasCrashed === true);
  const before = viewer.pictures.length;
  viewer.say({ t: 'reload' });
  await viewer.hear('tabs', ({ tabs }) => tabs[0]?.hasCrashed === false);
  await eventually(() => expect(viewer.pictures.length).toBeGreaterThan(before));
});

test('what the browser downloads is offered to those who may drive', async ({
  service,
  workspace,
}) => {
  const { page, runtime, watch: open_ } = await open(service, workspace);
  const site = await openSite(
    '<a id=a download="notes.txt" href="data:text/plain,some%20notes" style="position:absolute;left:0;top:0;width:99px;height:99px">x</a>',
  );
  await page.goto(site);
  const embedded = await embed(service, runtime, { interactive: true });
  await using viewer = await view(embedded);
  const watching = await open_({});
  await viewer.hear('tabs', ({ tabs }) => tabs[0]?.url === page.url());
  viewer.click(20, 20);
  const { file, name, sizeBytes } = await viewer.hear('download');
  expect([name, sizeBytes]).toEqual(['notes.txt', 10]);
  expect(watching.said.some(({ t }) => t === 'download')).toBe(false);
  const address = `${embedded.iframeUrl.split('#')[0]}/files/${file}`;
  const load = (token: string) => fetch(address, { headers: { authorization: `Bearer ${token}` } });
  const loaded = await load(embedded.token);
  expect(loaded.status).toBe(200);
  expect(loaded.headers.get('content-disposition')).toContain('attachment');
  expect(await loaded.text()).toBe('some notes');
  const observer = await embed(service, runtime, {});
  expect((await load(observer.token)).status).toBe(404);
  expect((await load('x')).status).toBe(401);
});
