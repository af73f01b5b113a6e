import type { CDPSession } from 'playwright-core';
import { expect } from 'vitest';
import { control, middleColor, test, touchOf, type Viewer } from '../../support/live-viewer.ts';

/** Gives the keys to the page that is watched. */
async function focusPicture({ page, at }: Viewer): Promise<void> {
  await page.mouse.click(...(await at(200, 200)));
}

/** For input that Playwright does not have. */
function cdpOf({ page }: Viewer): Promise<CDPSession> {
  return page.context().newCDPSession(page);
}

test('presses have their place on the page, button, count and modifiers', async ({ open }) => {
  const viewer = await open();
  const { page, at, said } = viewer;
  await page.mouse.dblclick(...(await at(640, 360)));
  await page.keyboard.down('Shift');
  await page.mouse.click(...(await at(64, 640)), { button: 'right' });
  await page.keyboard.up('Shift');
  const presses = (await said('mouse')).filter(({ type }) => type !== 'move');
  expect(
    presses.map(({ type, x, y, button, buttons, clicks, modifiers }) => [
      type,
      x,
      y,
      button,
      buttons,
      clicks,
      modifiers,
    ]),
  ).toEqual([
    ['down', 640, 360, 'left', 1, 1, 0],
    ['up', 640, 360, 'left', 0, 1, 0],
    ['down', 640, 360, 'left', 1, 2, 0],
    ['up', 640, 360, 'left', 0, 2, 0],
    ['down', 64, 640, 'right', 2, 1, 8],
    ['up', 64, 640, 'right', 0, 1, 8],
  ]);
});

test('moves are sent once a frame, and a drag goes on outside of the picture', async ({ open }) => {
  const { page, at, said } = await open();
  await page.mouse.move(...(await at(100, 100)));
  await page.mouse.down();
  await page.mouse.move(...(await at(600, 300)), { steps: 3 });
  await page.mouse.move(500, 2);
  await page.mouse.up();
  await page.evaluate(`for (let i = 0; i < 50; i++) document.querySelector('canvas').dispatchEvent(
    new MouseEvent('mousemove', { clientX: 100 + i, clientY: 300 }))`);
  const mouse = await said('mouse');
  expect(mouse.at(-2)).toMatchObject({ type: 'up', x: 640, button: 'left' });
  expect(mouse.at(-2)?.y).toBeLessThan(0);
  expect(mouse.filter(({ type, buttons }) => type === 'move' && buttons === 1)).not.toEqual([]);
  // Of the fifty, the last.
  expect(mouse.at(-1)).toMatchObject({ type: 'move', x: Math.round(149 * 1.28) });
});

test('while programs drive, the mouse only presses', async ({ open }) => {
  const { page, peer, at, said } = await open();
  peer.say(control({ driver: 'agent' }));
  await page.getByText('Program drives').waitFor();
  await page.mouse.move(...(await at(300, 300)), { steps: 4 });
  await page.mouse.click(...(await at(300, 300)));
  expect((await said('mouse')).map(({ type }) => type)).toEqual(['down', 'up']);
});

test('the wheel is sent in pixels, whatever unit it turned in', async ({ open }) => {
  const { page, at, said } = await open();
  const [x, y] = await at(640, 360);
  await page.mouse.move(x, y);
  await page.mouse.wheel(7, 120);
  await said('wheel');
  await page.evaluate(`document.querySelector('canvas').dispatchEvent(new WheelEvent('wheel',
    { clientX: ${x}, clientY: ${y}, deltaY: 3, deltaMode: 1, ctrlKey: true }))`);
  expect(await said('wheel')).toEqual([
    { t: 'wheel', x: 640, y: 360, deltaX: 7, deltaY: 120, modifiers: 0 },
    { t: 'wheel', x: 640, y: 360, deltaX: 0, deltaY: 48, modifiers: 2 },
  ]);
});

test('the cursor is the one of the page', async ({ open }) => {
  const { page, peer } = await open();
  peer.say({ t: 'cursor', cursor: 'text' });
  await expect.poll(() => page.locator('canvas').getAttribute('style')).toContain('cursor: text');
});

test('fingers are sent as touches, and open no keyboard', async ({ open, paint }) => {
  const viewer = await open({ hasTouch: true, viewport: { width: 390, height: 844 } });
  const { page, peer, said } = viewer;
  // The page of a phone, which may be pinched itself.
  peer.show({ image: await paint('#f00'), turn: 1, seq: 2, width: 390, height: 844 });
  await expect.poll(() => middleColor(page)).toEqual([1, 0, 0]);
  const touch = await touchOf(viewer);
  const canvas = await page.locator('canvas').boundingBox();
  const [x, y] = [195, 500];
  const scale = (canvas?.height ?? 0) / 844;
  await touch('touchStart', { x, y, id: 7 });
  await touch('touchStart', { x, y, id: 7 }, { x: x + 30, y, id: 8 });
  await touch('touchMove', { x, y: y + 10, id: 7 }, { x: x + 30, y: y + 10, id: 8 });
  await touch('touchEnd');
  const touches = await said('touch');
  expect(touches[0]).toEqual({
    t: 'touch',
    type: 'start',
    modifiers: 0,
    points: [
      { id: 0, x: expect.closeTo(195, -1), y: expect.closeTo((y - (canvas?.y ?? 0)) / scale, -1) },
    ],
  });
  expect(touches[1]?.points.map(({ id }) => id)).toEqual([0, 1]);
  expect(touches.map(({ type }) => type)).toEqual(['start', 'start', 'move', 'end', 'end']);
  expect(touches.at(-1)?.points).toEqual([]);
  expect(await said('mouse')).toEqual([]);
  const mode = () => page.locator('#keys').getAttribute('inputmode');
  expect(await mode()).toBe('none');
  await page.getByRole('button', { name: 'Show the keyboard' }).tap();
  expect(await mode()).toBe('text');
  expect(await page.evaluate('document.activeElement.id')).toBe('keys');
});

test('keys are sent as keys, and repeated ones as such', async ({ open }) => {
  const viewer = await open();
  const { page, said } = viewer;
  await focusPicture(viewer);
  await page.keyboard.down('a');
  await page.keyboard.down('a');
  await page.keyboard.up('a');
  await page.keyboard.press('Control+C');
  await page.keyboard.press('Tab');
  const keys = await said('key');
  expect(keys.slice(0, 3)).toEqual([
    {
      t: 'key',
      type: 'down',
      key: 'a',
      code: 'KeyA',
      keyCode: 65,
      location: 0,
      isRepeat: false,
      modifiers: 0,
    },
    expect.objectContaining({ type: 'down', key: 'a', isRepeat: true }),
    expect.objectContaining({ type: 'up', key: 'a' }),
  ]);
  expect(keys).toContainEqual(
    expect.objectContaining({ type: 'down', code: 'KeyC', modifiers: 2 }),
  );
  expect(keys.at(-1)).toMatchObject({ type: 'up', key: 'Tab' });
  expect(await said('text')).toEqual([]);
});

test('what AltGr chose is text, and no shortcut', async ({ open }) => {
  const viewer = await open();
  const { page, said } = viewer;
  await focusPicture(viewer);
  await page.evaluate(`document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {
    key: '@', code: 'KeyQ', keyCode: 81, ctrlKey: true, altKey: true, modifierAltGraph: true }))`);
  expect(await said('key')).toEqual([
    expect.objectContaining({ type: 'down', key: '@', modifiers: 0 }),
  ]);
});

test('on a Mac, Command is Control, and moves the caret as it does there', async ({ open }) => {
  const viewer = await open({ platform: 'MacIntel' });
  const { page, said } = viewer;
  await focusPicture(viewer);
  await page.keyboard.down('Meta');
  await page.keyboard.press('a');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.up('Meta');
  const keys = (await said('key')).map(({ type, key, modifiers }) => [type, key, modifiers]);
  expect(keys).toEqual([
    ['down', 'Control', 2],
    ['down', 'a', 2],
    ['up', 'a', 2],
    ['down', 'Home', 0],
    ['up', 'Home', 0],
    ['up', 'Control', 0],
  ]);
});

test('keys that are down are released when the page loses them', async ({ open }) => {
  const viewer = await open();
  const { page, said } = viewer;
  await focusPicture(viewer);
  await page.keyboard.down('Shift');
  await page.keyboard.down('b');
  await page.getByRole('textbox', { name: 'Address' }).focus();
  const ups = (await said('key')).filter(({ type }) => type === 'up');
  expect(ups.map(({ code, modifiers }) => [code, modifiers])).toEqual([
    ['ShiftLeft', 0],
    ['KeyB', 0],
  ]);
  await page.keyboard.up('b');
  await page.keyboard.up('Shift');
});

test('the keys that leave the picture lead to the address, and are said beside it', async ({
  open,
}) => {
  const viewer = await open();
  const { page, said } = viewer;
  await page.locator('#keys').focus();
  await page.getByText('to leave the page').waitFor();
  await page.keyboard.press('Control+Alt+ArrowUp');
  expect(await page.evaluate('document.activeElement.id')).toBe('address');
  expect((await said('key')).map(({ key }) => key)).not.toContain('ArrowUp');
});

test('keys of a browser window do here what they do there', async ({ open }) => {
  const viewer = await open();
  const { page, said } = viewer;
  await focusPicture(viewer);
  await page.keyboard.press('F5');
  await page.keyboard.press('Alt+ArrowLeft');
  await page.keyboard.press('Control+L');
  expect(await page.evaluate('document.activeElement.id')).toBe('address');
  expect(await said('reload')).toHaveLength(1);
  expect(await said('history')).toEqual([{ t: 'history', by: -1 }]);
});

test('an input method shows what it composes, and types it when it is done', async ({ open }) => {
  const viewer = await open();
  const { said } = viewer;
  await focusPicture(viewer);
  const session = await cdpOf(viewer);
  const set = (text: string) =>
    session.send('Input.imeSetComposition', {
      text,
      selectionStart: text.length,
      selectionEnd: text.length,
    });
  await set('に');
  await set('にほ');
  await session.send('Input.insertText', { text: '日本' });
  await set('x');
  await set('');
  expect((await said('compose')).map(({ text }) => text)).toEqual([
    'に',
    'にほ',
    '日本',
    'x',
    '',
    '',
  ]);
  expect((await said('text')).map(({ text }) => text)).toEqual(['日本']);
  expect(await said('key')).toEqual([]);
});

test('a keyboard on a screen, which has no keys, types and deletes', async ({ open }) => {
  const viewer = await open();
  const { page, said } = viewer;
  await focusPicture(viewer);
  const input = (inputType: string, data?: string) =>
    page.evaluate(`document.activeElement.dispatchEvent(new InputEvent('beforeinput',
      { inputType: '${inputType}', data: ${JSON.stringify(data ?? null)}, cancelable: true }))`);
  await input('insertText', 'hello ');
  await input('deleteContentBackward');
  await input('insertLineBreak');
  expect(await said('text')).toEqual([{ t: 'text', text: 'hello ' }]);
  expect((await said('key')).map(({ type, key }) => `${type} ${key}`)).toEqual([
    'down Backspace',
    'up Backspace',
    'down Enter',
    'up Enter',
  ]);
});

test('what is pasted is sent as one text, unless it is too long', async ({ open }) => {
  const viewer = await open();
  const { page, said } = viewer;
  await focusPicture(viewer);
  const paste = (text: string) =>
    page.evaluate(`{
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', ${text});
      document.activeElement.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData, cancelable: true }));
    }`);
  await paste(`'line 1\\nline 2'`);
  await paste(`'x'.repeat(100_001)`);
  await page.getByText('at most 100,000 characters').waitFor();
  await page.keyboard.press('Control+V');
  expect(await said('paste')).toContainEqual({ t: 'paste', text: 'line 1\nline 2' });
  expect((await said('key')).map(({ code }) => code)).not.toContain('KeyV');
});

test('what is copied goes to the clipboard, or waits for a click', async ({ open, server }) => {
  const viewer = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
  const { page, peer } = viewer;
  // The page itself may not read the clipboard.
  const reader = await page.context().newPage();
  await reader.goto(server.origin);
  const clipboard = () => reader.evaluate('navigator.clipboard.readText()');
  await focusPicture(viewer);
  await page.keyboard.press('Control+C');
  peer.say({ t: 'clipboard', text: 'copied text' });
  await expect.poll(clipboard).toBe('copied text');
  await page.evaluate(`navigator.clipboard.writeText = () => Promise.reject(new Error('no'))`);
  peer.say({ t: 'clipboard', text: 'second text' });
  await page.getByRole('button', { name: 'Copy' }).click();
  await expect.poll(clipboard).toBe('second text');
  expect(await page.getByText('The page copied a text.').count()).toBe(0);
});
