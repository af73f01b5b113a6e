import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { openLivePeer } from '../../support/live-peer.ts';
import {
  control,
  middleColor,
  HELLO,
  TAB,
  TABS,
  test,
  YOU_DRIVE,
} from '../../support/live-viewer.ts';
import { openSite } from '../../support/site.ts';

const OTHER_TAB = { ...TAB, id: 'tab-b', title: 'Second page', url: 'https://example.com/second' };

test('a picture is drawn in its own size, and as large as the window allows', async ({
  open,
  paint,
}) => {
  const { page, peer, said } = await open();
  peer.show({ image: await paint('#f00'), turn: 1, seq: 2 });
  await expect.poll(() => middleColor(page)).toEqual([1, 0, 0]);
  expect((await said('ack')).slice(0, 2)).toEqual([
    { t: 'ack', seq: 1 },
    { t: 'ack', seq: 2 },
  ]);
  const canvas = page.locator('canvas');
  expect(await canvas.getAttribute('width')).toBe('640');
  expect(await canvas.getAttribute('height')).toBe('360');
  expect(await canvas.boundingBox()).toMatchObject({ width: 1000, height: 563 });
  await expect.poll(async () => (await said('room')).at(-1)).toEqual({ t: 'room', width: 1000 });
});

test('pictures of another turn, and older ones, are acknowledged and not drawn', async ({
  open,
  paint,
}) => {
  const { page, peer, said } = await open();
  const [red, green, blue] = [await paint('#f00'), await paint('#0f0'), await paint('#00f')];
  peer.show({ image: red, turn: 1, seq: 5 });
  await expect.poll(() => middleColor(page)).toEqual([1, 0, 0]);
  peer.show({ image: green, turn: 1, seq: 4 });
  peer.show({ image: green, turn: 9, seq: 6 });
  peer.show({ image: Buffer.from('no picture'), turn: 1, seq: 7 });
  await expect
    .poll(async () => (await said('ack')).map(({ seq }) => seq))
    .toEqual(expect.arrayContaining([4, 5, 6, 7]));
  expect(await middleColor(page)).toEqual([1, 0, 0]);
  // A picture carries the lower 16 bits.
  peer.say({ ...TABS, turn: 65_538 });
  peer.show({ image: blue, turn: 2, seq: 8 });
  await expect.poll(() => middleColor(page)).toEqual([0, 0, 1]);
});

test('a window that nobody sees has no room, and one that grows has more', async ({ open }) => {
  const { page, said } = await open({ deviceScaleFactor: 2 });
  const rooms = async () => (await said('room')).map(({ width }) => width);
  await expect.poll(rooms).toContain(2000);
  await page.setViewportSize({ width: 640, height: 700 });
  await expect.poll(async () => (await rooms()).at(-1)).toBe(1280);
  await page.evaluate(`
    Object.defineProperty(document, 'hidden', { value: true });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
  await expect.poll(async () => (await rooms()).at(-1)).toBe(0);
});

test('tabs are followed, closed and opened, by pointer and by keys', async ({ open }) => {
  const { page, peer, said } = await open();
  peer.say({ ...TABS, tabs: [TAB, OTHER_TAB] });
  await page.getByRole('tab', { name: 'Second page' }).click();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Delete');
  await page.getByRole('button', { name: 'New tab' }).click();
  await page.getByRole('button', { name: 'Follow active tab', pressed: true }).click();
  peer.say({ ...TABS, tabs: [TAB, OTHER_TAB], isFollowing: false });
  await page.getByRole('button', { name: 'Follow active tab', pressed: false }).click();
  await page.locator('.tab .close').last().click();
  expect(await said('follow')).toEqual([
    { t: 'follow', tab: 'tab-b' },
    { t: 'follow', tab: 'tab-a' },
    { t: 'follow', tab: 'tab-a' },
    { t: 'follow' },
  ]);
  expect(await said('close')).toEqual([
    { t: 'close', tab: 'tab-a' },
    { t: 'close', tab: 'tab-b' },
  ]);
  expect(await said('new')).toHaveLength(1);
});

test('the address bar goes where it is told, and the buttons beside it act', async ({ open }) => {
  const { page, peer, said } = await open();
  const address = page.getByRole('textbox', { name: 'Address' });
  await expect.poll(() => address.inputValue()).toBe(TAB.url);
  for (const text of ['example.org/a', 'localhost:3000', 'http://other.example/', 'about:blank']) {
    await address.fill(text);
    await address.press('Enter');
  }
  expect((await said('go')).map(({ url }) => url)).toEqual([
    'https://example.org/a',
    'http://localhost:3000',
    'http://other.example/',
    'about:blank',
  ]);
  await page.getByRole('button', { name: 'Back', exact: true }).click();
  expect(await page.getByRole('button', { name: 'Forward' }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Reload' }).click();
  peer.say({ ...TABS, isLoading: true });
  await page.getByRole('button', { name: 'Stop' }).click();
  expect(await said('history')).toEqual([{ t: 'history', by: -1 }]);
  expect([await said('reload'), await said('stop')]).toEqual([[{ t: 'reload' }], [{ t: 'stop' }]]);
});

test('control is taken and handed back, also when a program asks for it', async ({ open }) => {
  const { page, peer, said } = await open();
  await page.getByRole('button', { name: 'Hand back' }).click();
  const request = { reason: 'A code was sent by text message.', at: '2026-11-30T00:00:00Z' };
  peer.say(control({ viewers: 3, driver: 'agent', request }));
  await page.getByText('Program waits for you').waitFor();
  await page.getByText('3 viewers').waitFor({ state: 'attached' });
  const help = page.getByRole('alert').filter({ hasText: request.reason });
  await help.getByRole('button', { name: 'Take control' }).click();
  peer.say(control({ viewers: 3, driver: 'you', request }));
  await help.getByRole('button', { name: 'Done, hand back' }).click();
  peer.say(control({ viewers: 3, driver: 'human' }));
  await page.getByText('Someone else drives').waitFor();
  expect(await help.isVisible()).toBe(false);
  expect((await said('control')).map((one) => one.do)).toEqual(['return', 'take', 'return']);
});

test('a viewer that shows what programs do follows the program', async ({ open }) => {
  const { page } = await open({ hello: { viewerMode: 'automation' } });
  const follow = page.getByRole('button', { name: 'Follow program', pressed: true });
  expect(await follow.getAttribute('title')).toMatch(
    /^On again when you hand back: .* a program used last/,
  );
});

test('a frame round the picture has the color of the person who drives', async ({ open }) => {
  const { page, peer } = await open();
  const frame = page.locator('.frame');
  const colors = () =>
    page.evaluate<string[]>(`[getComputedStyle(document.querySelector('.frame')).borderColor,
      getComputedStyle(document.querySelector('.driver')).backgroundColor]`);
  const seen: (string | undefined)[] = [];
  for (const driver of ['you', 'human', 'agent'] as const) {
    peer.say(control({ viewers: 2, driver }));
    await expect.poll(() => frame.getAttribute('data-driver')).toBe(driver);
    const [border, badge] = await colors();
    if (driver !== 'agent') expect(border).toBe(badge);
    seen.push(border);
  }
  expect(new Set(seen).size).toBe(3);
  expect(seen[2]).toBe('rgba(0, 0, 0, 0)');
  const canvas = await page.locator('canvas').boundingBox();
  expect(await frame.boundingBox()).toMatchObject({
    // There is no room above.
    y: canvas?.y,
    height: (canvas?.height ?? 0) + 3,
    width: canvas?.width,
  });
});

test('keys that go to the page put a ring within the frame', async ({ open }) => {
  const { page } = await open();
  const ring = () =>
    page.evaluate(`(() => {
      const { content, borderColor, inset } = getComputedStyle(document.querySelector('.frame'), '::after');
      return { isShown: content !== 'none', borderColor, inset };
    })()`);
  expect(await ring()).toMatchObject({ isShown: false });
  await page.getByRole('textbox', { name: 'Address' }).press('Enter');
  await expect.poll(ring).toMatchObject({ isShown: true, inset: '3px' });
  const border = await page.evaluate(
    "getComputedStyle(document.querySelector('.frame')).borderColor",
  );
  expect(await ring()).not.toMatchObject({ borderColor: border });
});

test('somebody who only watches sends no input, and has no buttons for it', async ({ open }) => {
  const { page, peer, at, said } = await open({ hello: { isInteractive: false } });
  peer.say({ ...TABS, tabs: [TAB, OTHER_TAB] });
  await page.mouse.click(...(await at(100, 100)));
  await page.mouse.wheel(0, 100);
  await page.keyboard.type('secret');
  await page.keyboard.press('F6');
  await page.getByRole('textbox', { name: 'Address' }).press('Enter');
  await page.getByRole('tab', { name: 'Second page' }).click();
  await page.keyboard.press('Delete');
  await said('ack');
  expect(new Set(peer.said.map(({ t }) => t))).toEqual(new Set(['ack', 'room', 'follow']));
  expect(await page.getByRole('button', { name: /control|Hand|New tab|Back|Reload/ }).count()).toBe(
    0,
  );
});

test('without controls there is the picture alone, which takes input, and notices', async ({
  open,
}) => {
  const { page, peer, at, said } = await open({ hello: { showControls: false } });
  expect(await page.getByRole('tablist').count()).toBe(0);
  expect(await page.getByRole('textbox', { name: 'Address' }).count()).toBe(0);
  await page.mouse.click(...(await at(640, 360)));
  expect(await said('mouse')).toContainEqual(
    expect.objectContaining({ type: 'down', x: 640, y: 360 }),
  );
  await page.keyboard.press('F5');
  expect(await said('reload')).toEqual([]);
  peer.say({ t: 'notice', message: 'That was not done.' });
  await page.getByText('That was not done.').waitFor();
});

test.for([
  [4401, /link is not valid any more/],
  [4410, /^The session has ended. You can close this page.$/],
  [4429, /As many people as may/],
] as const)(
  'close code %i is the end, in a sentence',
  async ([code, sentence], { open, server }) => {
    const { page, peer } = await open();
    peer.close(code);
    await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
    await page.waitForTimeout(400);
    expect(server.peers.filter(({ token }) => token === peer.token)).toEqual([peer]);
  },
);

test('nothing is asked, nobody drives and nothing can be pressed, once it is the end', async ({
  open,
}) => {
  const { page, peer } = await open();
  const rest = { message: 'Sure?', default: '', url: 'https://example.com' };
  peer.say({ t: 'dialog', dialog: 'd', kind: 'confirm', ...rest });
  await page.getByText('Sure?').waitFor();
  peer.close(4410);
  await page.getByText('Ended', { exact: true }).waitFor();
  expect(await page.getByRole('dialog').count()).toBe(0);
  expect(await page.getByText('You drive').count()).toBe(0);
  expect(await page.locator('.frame').getAttribute('data-driver')).toBe('agent');
  expect(await page.getByRole('tab').isDisabled()).toBe(true);
  expect(await page.locator('.tab .close').count()).toBe(0);
  const others = page
    .locator('header')
    .getByRole('button', { name: /Follow|New tab|control|Hand/ });
  expect(await others.count()).toBe(0);
});

test('a call for help says so while somebody else drives, and has no button', async ({ open }) => {
  const { page, peer } = await open();
  const request = { reason: 'A code is needed.', at: '2026-11-30T00:00:00Z' };
  peer.say(control({ viewers: 2, driver: 'human', request }));
  const help = page.getByRole('alert').filter({ hasText: request.reason });
  await help.getByText('Someone else drives the browser now.').waitFor();
  expect(await help.getByRole('button', { name: 'Take control' }).count()).toBe(0);
  peer.say(control({ viewers: 2, driver: 'agent', request }));
  await help.getByRole('button', { name: 'Take control' }).waitFor();
  expect(await help.getByText('Someone else').count()).toBe(0);
});

test.for([390, 360])(
  'on a phone of %i pixels all of the bars is within the window, whoever drives',
  async (width, { open }) => {
    const { page, peer } = await open({ viewport: { width, height: 800 }, hasTouch: true });
    await page.getByRole('button', { name: 'Zoom in' }).waitFor();
    for (const driver of ['you', 'human', 'agent'] as const) {
      peer.say(control({ viewers: 12, driver }));
      await page.locator(`.driver[data-driver=${driver}]`).waitFor();
      const right = await page.evaluate(
        "Math.max(...[...document.querySelectorAll('.bar button, .facts > *')].map((one) => one.getBoundingClientRect().right))",
      );
      expect(right).toBeLessThanOrEqual(width);
    }
  },
);

test('a connection that breaks is made again, and its pictures are numbered anew', async ({
  open,
  server,
  paint,
}) => {
  const { page, peer, said } = await open();
  peer.show({ image: await paint('#f00'), turn: 1, seq: 50 });
  await said('ack');
  peer.close(1012);
  await page.getByText('Reconnecting…', { exact: true }).waitFor();
  const again = await server.joined(peer.token, 2);
  again.say(HELLO, TABS, YOU_DRIVE);
  again.show({ image: await paint('#00f'), turn: 1, seq: 1 });
  await expect.poll(() => middleColor(page)).toEqual([0, 0, 1]);
  await again.heard('room');
  await expect.poll(() => page.getByText('Reconnecting…', { exact: true }).count()).toBe(0);
});

test('the page shows how far away the service is', async ({ open }) => {
  const { page } = await open();
  await page.getByText(/^\d+ ms$/).waitFor();
});

test('a link without a token says so, and connects to nothing', async ({ browser, server }) => {
  const page = await browser.newPage();
  const before = server.peers.length;
  await page.goto(server.page);
  await page.getByRole('alert').filter({ hasText: 'This link is not complete' }).waitFor();
  await page.goto(`${server.page}#token=not one`);
  await page.getByRole('alert').filter({ hasText: 'not valid' }).waitFor();
  expect(server.peers).toHaveLength(before);
  await page.close();
});

test('the page works below any path, and in a frame of another site', async ({ browser }) => {
  await using below = await openLivePeer('/some/prefix');
  const page = await browser.newPage();
  const refused: string[] = [];
  page.on('console', (message) => refused.push(message.text()));
  const body = `<iframe src="${below.page}#token=framed" width="900" height="600"></iframe>`;
  await page.goto((await openSite(body)).replace('127.0.0.1', 'localhost'));
  const peer = await below.joined('framed');
  peer.say(HELLO, TABS, YOU_DRIVE);
  await page.frameLocator('iframe').getByRole('tab', { name: 'First page' }).waitFor();
  expect(refused).toEqual([]);
  await page.close();
});

test('a tab that crashed, and a browser without tabs, offer what helps', async ({ open }) => {
  const { page, peer, said } = await open();
  peer.say({ ...TABS, tabs: [{ ...TAB, hasCrashed: true }] });
  await page.getByText('This page has crashed.').waitFor();
  await page.getByRole('main').getByRole('button', { name: 'Reload' }).click();
  peer.say({ ...TABS, tabs: [], current: null, turn: 2 });
  await page.getByRole('main').getByRole('button', { name: 'New tab' }).click();
  expect([await said('reload'), await said('new')]).toEqual([[{ t: 'reload' }], [{ t: 'new' }]]);
});

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const violationsOf = (page: Page) =>
  page.evaluate(`axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`);

test.for([
  ['light', true],
  ['light', false],
  ['dark', true],
  ['dark', false],
] as const)(
  'axe finds nothing to complain about in %s colors when control comes and goes, with controls: %s',
  async ([colorScheme, showControls], { open }) => {
    const { page, peer } = await open({ colorScheme, bypassCSP: true, hello: { showControls } });
    await page.evaluate(axe);
    const request = { reason: 'Help.', at: 'now' };
    for (const told of [
      control({ driver: 'nobody' }),
      control({ driver: 'you', request }),
      control({ driver: 'agent', lost: 'idle', request }),
    ]) {
      peer.say(told);
      await page.locator(`.frame[data-driver=${told.driver}]`).waitFor({ state: 'attached' });
      expect(await violationsOf(page)).toEqual([]);
    }
    await page.getByRole('button', { name: 'Hide' }).first().click();
    expect(await violationsOf(page)).toEqual([]);
    peer.say(control({ driver: 'you', idleMs: 2000 }));
    await page.getByRole('button', { name: 'Keep driving' }).waitFor();
    peer.say({ t: 'notice', message: 'Someone else drives the browser.', isTaken: true });
    await page.getByText('Someone else drives the browser.').waitFor();
    expect(await violationsOf(page)).toEqual([]);
  },
);

test.for(['light', 'dark'] as const)(
  'axe finds nothing to complain about in %s colors',
  async (colorScheme, { open, browser, server }) => {
    const { page, peer } = await open({ colorScheme, bypassCSP: true });
    await page.evaluate(axe);
    const violations = () => violationsOf(page);
    const at: [number, number, number, number] = [100, 100, 200, 20];
    const option = { group: 'Group', isDisabled: false, isSelected: false };
    peer.say(
      {
        ...TABS,
        tabs: [
          { ...TAB, hasDialog: true },
          { ...OTHER_TAB, hasCrashed: true },
        ],
      },
      control({ viewers: 2, driver: 'agent', request: { reason: 'Help.', at: 'now' } }),
      { t: 'notice', message: 'Something.' },
      { t: 'download', file: 'f', name: 'report.pdf', sizeBytes: 12_345 },
      {
        t: 'popup',
        popup: 'p',
        at,
        isMultiple: true,
        options: [
          { ...option, label: 'One' },
          { ...option, label: 'Two', isDisabled: true },
        ],
      },
    );
    await page.getByRole('listbox').waitFor();
    expect(await violations()).toEqual([]);
    peer.say({ ...TABS, turn: 2 }, YOU_DRIVE, {
      t: 'picker',
      picker: 'p',
      at,
      type: 'time',
      value: '10:00',
      min: '',
      max: '',
      step: '',
    });
    await page.getByLabel('Time').waitFor();
    expect(await violations()).toEqual([]);
    peer.say(
      { ...TABS, turn: 3, isFollowing: false },
      control({ viewers: 2, driver: 'human', request: { reason: 'Help.', at: 'now' } }),
      {
        t: 'dialog',
        dialog: 'd',
        kind: 'prompt',
        message: 'Name?',
        default: 'Ada',
        url: 'https://example.com',
      },
    );
    await page.getByText('example.com says').waitFor();
    expect(await violations()).toEqual([]);
    peer.say({ t: 'dialogClosed', dialog: 'd' }, { t: 'chooser', chooser: 'c', isMultiple: true });
    await page.getByText('The page asks for files').waitFor();
    expect(await violations()).toEqual([]);
    peer.close(4410);
    await page.getByText('The session has ended').waitFor();
    expect(await violations()).toEqual([]);
    const alone = await browser.newPage({ colorScheme, bypassCSP: true });
    await alone.goto(server.page);
    await alone.evaluate(axe);
    expect(await alone.evaluate('axe.run().then(({ violations }) => violations)')).toEqual([]);
    await alone.close();
  },
);
