import { setTimeout } from 'node:timers/promises';
import { chromium, type CDPSession } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { z } from 'zod';
import { openCdp } from '../../support/cdp.ts';
import { DRIVERS } from '../../support/drivers.ts';
import { eventually } from '../../support/eventually.ts';
import { playwrightPage, puppeteerPage } from '../../support/first-page.ts';
import { attach, attachBidi } from '../../support/selenium.ts';
import type { TestService } from '../../support/service.ts';
import { openSite } from '../../support/site.ts';
import { createWorkspace, test as base, type TestWorkspace } from '../../support/test.ts';

/** Notes in its title what is clicked and typed. */
const PAGE = `<!doctype html><title>-</title><input id="in" style="position:fixed;top:100px;left:0">
<button id="a" style="position:fixed;top:0;left:0;width:80px;height:40px">a</button>
<button id="b" style="position:fixed;top:50px;left:0;width:80px;height:40px">b</button>
<script>
addEventListener('click', ({ target }) => { document.title += target.id; });
addEventListener('mousedown', () => { document.title += '('; });
addEventListener('mouseup', () => { document.title += ')'; });
addEventListener('keydown', ({ key }) => { document.title += key; });
</script>`;
const Targets = z.object({
  targetInfos: z.array(z.object({ targetId: z.string(), url: z.string() })),
});
const SENTENCE = /bctrl: a person drives this runtime now, and has not given it back within 1 s/;

/** The control of a new runtime, as an API client has it. */
async function openControlled({ call }: TestService, workspace: TestWorkspace, extra = {}) {
  const { id, connection } = await workspace.create(extra);
  const runtime = `${workspace.runtimes}/${id}`;
  const done = async (method: string, path: string, body?: object) => {
    const { status, json, text } = await call(method, runtime + path, body);
    expect(status, text).toBe(200);
    return json;
  };
  return {
    connection,
    get: () => done('GET', '/control'),
    take: (more = {}) => done('POST', '/control', { holder: 'human', ...more }),
    giveBack: () => done('POST', '/control', { holder: 'agent' }),
    request: (reason: string) => done('POST', '/control/request', { reason }),
    observe: () => done('POST', '/connections', { access: 'observe' }),
    /** The next event of a type after one; without one, from now on. */
    waitFor: async (type: string, after?: string) => {
      const wait = { eventTypes: [type], timeoutMs: 30_000, ...(after && { after }) };
      return (await done('POST', '/events/wait', wait)).event;
    },
    events: async () => (await done('GET', '/events?limit=1000')).events,
  };
}

/** One runtime for most tests, and one whose person is away from the beginning. */
const test = base
  .extend('shared', { scope: 'file' }, async ({ service }) =>
    openControlled(service, await createWorkspace(service)),
  )
  .extend('forgotten', { scope: 'file', auto: true }, async ({ service }) => {
    const workspace = await createWorkspace(service);
    const { take, waitFor } = await openControlled(service, workspace, { idleTimeoutSeconds: 3 });
    await take({ idleSeconds: 10 });
    return { waitFor };
  });

test.for(Object.keys(DRIVERS))(
  'a click by %s waits for a person, is done afterwards, or fails and says why',
  async (name, { shared }) => {
    const { connection, take, giveBack } = shared;
    const drive = DRIVERS[name];
    if (!drive) throw new Error(`there is no ${name}`);
    await using driven = await drive(connection, await openSite(PAGE));
    await driven.click('#a');
    expect(await driven.title()).toBe('-()a');
    await take();
    let isDone = false;
    const clicks = (async () => {
      await driven.click('#a');
      await driven.click('#b');
      isDone = true;
    })();
    // Only input waits; a session of WebDriver does one thing at a time in any case.
    if (name !== 'selenium') expect(await driven.title()).toBe('-()a');
    await setTimeout(300);
    expect(isDone).toBe(false);
    await giveBack();
    await clicks;
    expect(await driven.title()).toBe('-()a()a()b');
    await take({ clientsWaitSeconds: 1 });
    await expect(driven.click('#a')).rejects.toThrow(SENTENCE);
    await giveBack();
    await driven.click('#b');
    expect(await driven.title()).toBe('-()a()a()b()b');
  },
);

test('actions of WebDriver BiDi wait and fail in the same way', async ({ shared }) => {
  const { connection, take, giveBack } = shared;
  const { driver, bidi } = await attachBidi(connection.webdriverUrl);
  await driver.get(await openSite(PAGE));
  const context = await driver.getWindowHandle();
  const click = [
    { type: 'pointerMove', x: 10, y: 10 },
    { type: 'pointerDown', button: 0 },
    { type: 'pointerUp', button: 0 },
  ];
  const perform = () =>
    bidi.send('input.performActions', {
      context,
      actions: [{ type: 'pointer', id: 'mouse', actions: click }],
    });
  await take();
  const performed = perform();
  const found = await bidi.send('browsingContext.getTree');
  expect(found.result.contexts).not.toEqual([]);
  expect(await driver.getTitle()).toBe('-');
  await giveBack();
  expect(await performed).toMatchObject({ type: 'success' });
  expect(await driver.getTitle()).toBe('-()a');
  await take({ clientsWaitSeconds: 1 });
  expect((await perform()).message).toMatch(SENTENCE);
  await giveBack();
});

test("what Playwright types and fills fails with the sentence too, and not with Playwright's own", async ({
  shared,
}) => {
  const { connection, take, giveBack } = shared;
  const page = await playwrightPage(
    await chromium.connectOverCDP(connection.cdpUrl),
    await openSite(PAGE),
  );
  await take({ clientsWaitSeconds: 1 });
  const failing = [
    page.fill('#in', 'filled'),
    page.locator('#in').pressSequentially('typed'),
    page.hover('#b'),
    page.keyboard.type('keys'),
    page.mouse.click(10, 10),
  ];
  await Promise.all(failing.map((one) => expect(one).rejects.toThrow(SENTENCE)));
  await giveBack();
  expect(await page.inputValue('#in')).toBe('');
  await page.fill('#in', 'filled');
  expect(await page.title()).toBe('-');
  expect(await page.inputValue('#in')).toBe('filled');
});

test('a button that a program holds down when a person comes is let go', async ({ shared }) => {
  const { connection, take, giveBack } = shared;
  const page = await puppeteerPage(connection.cdpUrl, await openSite(PAGE));
  await page.mouse.move(10, 10);
  await page.mouse.down();
  await page.keyboard.down('Shift');
  expect(await page.title()).toBe('-(Shift');
  await take();
  await eventually(async () => expect(await page.title()).toBe('-(Shift)a'));
  // The program's own release has nothing left to do.
  await page.mouse.up();
  await page.keyboard.up('Shift');
  const pressed = page.mouse.down();
  await giveBack();
  await pressed;
  await page.mouse.up();
  expect(await page.title()).toBe('-(Shift)a()a');
});

test('a client that is killed while its input waits has given none', async ({ shared }) => {
  const { connection, take, giveBack } = shared;
  const page = await puppeteerPage(connection.cdpUrl, await openSite(PAGE));
  const client = await openCdp(connection.cdpUrl);
  const { targetInfos } = Targets.parse(await client.send('Target.getTargets'));
  const target = targetInfos.find(({ url }) => url === page.url());
  const { sessionId } = await client.send('Target.attachToTarget', {
    targetId: target?.targetId,
    flatten: true,
  });
  await take();
  const at = { x: 10, y: 10, button: 'left', clickCount: 1 };
  const lost = ['mousePressed', 'mouseReleased'].map((type) =>
    client.send('Input.dispatchMouseEvent', { type, ...at }, String(sessionId)),
  );
  await client.send('Browser.getVersion');
  client.socket.terminate();
  await Promise.allSettled(lost);
  await giveBack();
  await page.click('#b');
  expect(await page.title()).toBe('-()b');
});

test('a program asks for a person over its own connection, and hears when it drives again', async ({
  shared,
}) => {
  const { connection, take, giveBack, get, observe, events, waitFor } = shared;
  const browser = await chromium.connectOverCDP(connection.cdpUrl);
  const page = await playwrightPage(browser, 'about:blank');
  const native = await chromium.connect(connection.playwrightUrl);
  const own = await playwrightPage(native, 'about:blank');
  for (const asked of [page, own]) {
    const session: CDPSession = await asked.context().newCDPSession(asked);
    const send = session.send.bind(session) as (method: string, params?: object) => Promise<object>;
    const changes: object[] = [];
    session.on('Bctrl.controlChanged' as 'Page.loadEventFired', (change) => changes.push(change));
    const reason = `a captcha, for ${asked === own ? 'connect' : 'connectOverCDP'}`;
    const before = (await events()).at(-1).id;
    expect(await send('Bctrl.requestHandoff', { reason })).toEqual({
      holder: 'agent',
      since: expect.any(String),
    });
    const { id, data } = await waitFor('runtime.control_requested', before);
    expect(data).toEqual({ reason });
    expect(await get()).toMatchObject({ request: { reason } });
    await take({ reason: 'the captcha' });
    expect(await send('Bctrl.getControl')).toMatchObject({
      holder: 'human',
      reason: 'the captcha',
    });
    const returned = waitFor('runtime.control_returned', id);
    await giveBack();
    expect(await returned).toMatchObject({ data: { cause: 'returned' } });
    await eventually(() =>
      expect(changes).toEqual([{ holder: 'human' }, { holder: 'agent', cause: 'returned' }]),
    );
    await expect(send('Bctrl.requestHandoff', { reason: '' })).rejects.toThrow(
      'bctrl: Bctrl.requestHandoff takes one parameter, reason: a text of 1 to 500 characters.',
    );
  }
  using observer = await openCdp((await observe()).url);
  await expect(observer.send('Bctrl.getControl')).rejects.toThrow('that observes');
  using client = await openCdp(connection.cdpUrl);
  expect(await client.send('Bctrl.getControl')).toMatchObject({ holder: 'agent' });
  await expect(client.send('Bctrl.getControl', { of: 'me' })).rejects.toThrow(
    'bctrl: Bctrl.getControl takes no parameters.',
  );
});

test('Selenium asks by a command of CDP', async ({ shared }) => {
  const { connection, get, take, giveBack } = shared;
  const driver = await attach(connection.webdriverUrl);
  onTestFinished(() => driver.quit());
  const session = `${connection.webdriverUrl}/session/${(await driver.getSession()).getId()}`;
  const answer = await fetch(`${session}/goog/cdp/execute`, {
    method: 'POST',
    body: JSON.stringify({ cmd: 'Bctrl.requestHandoff', params: { reason: 'by Selenium' } }),
  });
  expect(await answer.json()).toMatchObject({ value: { holder: 'agent' } });
  expect(await get()).toMatchObject({ request: { reason: 'by Selenium' } });
  await take();
  await giveBack();
  expect(await get()).toMatchObject({ holder: 'agent', request: null });
});

test('humanized input stops when a person comes, and goes on as a person afterwards', async ({
  service,
  workspace,
}) => {
  const launch = { mode: 'ephemeral', config: { humanize: true, humanizePersonaId: 16576 } };
  const { connection, take, giveBack } = await openControlled(service, workspace, { launch });
  const page = await playwrightPage(
    await chromium.connectOverCDP(connection.cdpUrl),
    await openSite(PAGE),
  );
  const clicks = (async () => {
    await page.click('#b');
    await page.click('#a');
    await page.locator('#in').pressSequentially('abc');
  })();
  await setTimeout(200);
  await take();
  await setTimeout(500);
  const title = await page.title();
  await setTimeout(500);
  // No button is down, and nothing goes on.
  expect(await page.title()).toBe(title);
  expect(title).toMatch(/^-(\(\)b(\(\)a)?)?$/);
  await giveBack();
  await clicks;
  expect(await page.title()).toBe('-()b()aabc');
  expect(await page.inputValue('#in')).toBe('abc');
});

test('a person without input loses control, and until then the runtime is in use', async ({
  forgotten,
}) => {
  const { waitFor } = forgotten;
  const returned = await waitFor('runtime.control_returned', '0');
  expect(returned).toMatchObject({ data: { cause: 'idle' } });
  // It ends for its idle time, which is shorter, only after that.
  const stopped = await waitFor('runtime.stopped', returned.id);
  expect(stopped).toMatchObject({ data: { reason: 'idle' } });
});
