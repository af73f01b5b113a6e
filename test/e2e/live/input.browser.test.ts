/** What a person does in a live view reaches the page as if it were done there. */
import puppeteer from 'puppeteer-core';
import { expect } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { InputPage, openInputSite } from '../../support/input-site.ts';
import { createWorkspace, test as base } from '../../support/test.ts';
import { watch } from '../../support/viewer.ts';

const CTRL = 2;
const ALT = 1;

/** One runtime for all tests, each of which finds the page as new. */
const test = base
  .extend('shown', { scope: 'file' }, async ({ service }, { onCleanup }) => {
    await using stack = new AsyncDisposableStack();
    const site = stack.use(await openInputSite());
    const workspace = await createWorkspace(service);
    const { id, connection } = await workspace.create();
    const browser = await puppeteer.connect({
      browserWSEndpoint: connection.cdpUrl,
      defaultViewport: null,
    });
    stack.defer(() => browser.disconnect());
    const [page] = await browser.pages();
    if (!page) throw new Error('there is no page');
    const viewer = stack.use(await watch(service, `${workspace.runtimes}/${id}`));
    const owned = stack.move();
    onCleanup(() => owned.disposeAsync());
    return { viewer, page, site };
  })
  .extend('view', async ({ shown: { viewer, page, site } }) => {
    const input = await InputPage.load(page, site);
    viewer.said.length = 0;
    return {
      viewer,
      page,
      noted: (...wanted: string[]) => input.noted(...wanted),
      hasValue: (selector: string, value: string) => input.hasValue(selector, value),
      hasFiles: (files: [string, string][]) => input.hasFiles(files),
    };
  });

test('mouse: clicks, double clicks, the other buttons, and the pointer', async ({ view }) => {
  const { viewer, noted } = view;
  viewer.click(20, 20);
  await noted('click button true ');
  viewer.click(20, 20);
  const twice = { t: 'mouse', x: 20, y: 20, button: 'left', clicks: 2, modifiers: 0 } as const;
  viewer.say({ ...twice, type: 'down', buttons: 1 });
  viewer.say({ ...twice, type: 'up', buttons: 0 });
  await noted('dblclick button true ');
  const right = { ...twice, button: 'right', clicks: 1 } as const;
  viewer.say({ ...right, type: 'down', buttons: 2 });
  viewer.say({ ...right, type: 'up', buttons: 0 });
  await noted('contextmenu button true ');
  viewer.say({ ...twice, type: 'move', x: 30, y: 70, button: 'none', buttons: 0, clicks: 0 });
  await noted('mousemove text true ');
  await viewer.hear('cursor', ({ cursor }) => cursor === 'text');
});

test('the wheel scrolls', async ({ view: { viewer, page } }) => {
  viewer.say({ t: 'wheel', x: 20, y: 20, deltaX: 0, deltaY: 300, modifiers: 0 });
  await eventually(async () => expect(await page.evaluate('scrollY')).toBeGreaterThan(0));
});

test('touch: a tap is a click, too', async ({ view: { viewer, noted } }) => {
  viewer.say({ t: 'touch', type: 'start', points: [{ id: 0, x: 20, y: 20 }], modifiers: 0 });
  viewer.say({ t: 'touch', type: 'end', points: [], modifiers: 0 });
  await noted('touchstart button true ', 'touchend button true ', 'click button true ');
});

test('a touch tells which field has the focus, and a click does not', async ({ view }) => {
  const { viewer, page, noted } = view;
  const tap = (x: number, y: number) => {
    viewer.say({ t: 'touch', type: 'start', points: [{ id: 0, x, y }], modifiers: 0 });
    viewer.say({ t: 'touch', type: 'end', points: [], modifiers: 0 });
  };
  tap(20, 70);
  const field = await viewer.hear('field');
  expect(field).toEqual({ t: 'field', at: [10, 60, 160, 30], isChosen: true, kind: 'text' });
  // What is no tap takes no focus away.
  viewer.said.length = 0;
  viewer.say({ t: 'touch', type: 'start', points: [{ id: 0, x: 300, y: 600 }], modifiers: 0 });
  viewer.say({ t: 'touch', type: 'move', points: [{ id: 0, x: 240, y: 600 }], modifiers: 0 });
  viewer.say({ t: 'touch', type: 'end', points: [], modifiers: 0 });
  await viewer.hear('field', ({ at, isChosen }) => at !== null && !isChosen);
  tap(20, 20);
  await viewer.hear('field', ({ at }) => at === null);
  // A busy browser, or a page, may take its time to give a field the focus.
  await page.evaluate(`document.addEventListener('click', () => {
    setTimeout(() => document.getElementById('text').focus(), 500);
  }, { once: true })`);
  tap(20, 20);
  await viewer.hear('field', ({ at }) => at !== null);
  for (const [attributes, wanted] of [
    [{ type: 'email' }, 'email'],
    [{ type: 'password', inputmode: 'numeric' }, 'number'],
    [{ type: 'search', inputmode: 'none' }, 'search'],
    [{ type: 'text', inputmode: 'other' }, 'text'],
  ] as const) {
    await page.evaluate(`for (const [name, value] of ${JSON.stringify(Object.entries(attributes))})
      document.getElementById('text').setAttribute(name, value)`);
    tap(20, 70);
    await viewer.hear('field', ({ kind }) => kind === wanted);
  }
  tap(20, 20);
  await viewer.hear('field', ({ at }) => at === null);
  const place = 'position: absolute; left: 20px; top: 40px; width: 100px; height: 50px';
  await page
    .frames()[1]
    ?.evaluate(`document.body.innerHTML = '<p contenteditable style="margin: 0; ${place}">'`);
  tap(450, 80);
  await viewer.hear('field', ({ at }) => String(at) === '422,52,100,50');
  viewer.said.length = 0;
  viewer.click(20, 70);
  viewer.click(20, 120);
  await noted('click text true ');
  await viewer.hear('popup');
  expect(viewer.said.filter(({ t }) => t === 'field')).toEqual([]);
  viewer.press('Escape', 'Escape', 27);
});

test('keys of any layout, dead keys and input methods type what they say', async ({ view }) => {
  const { viewer, noted, hasValue } = view;
  viewer.click(20, 70);
  viewer.press('z', 'KeyY', 90);
  viewer.press('é', 'Digit2', 50);
  viewer.press('ж', 'Semicolon', 186);
  viewer.say({ t: 'text', text: 'ñ' });
  viewer.say({ t: 'compose', text: 'に' });
  viewer.say({ t: 'compose', text: 'にほん' });
  viewer.say({ t: 'text', text: '日本' });
  await hasValue('#text', 'zéжñ日本');
  await noted('keydown text true z', 'keyup text true z', 'compositionstart text true ');
  viewer.press('a', 'KeyA', 65, CTRL);
  viewer.press('Backspace', 'Backspace', 8);
  await hasValue('#text', '');
  // A key with Alt is a shortcut, and types nothing.
  viewer.press('x', 'KeyX', 88, ALT);
  viewer.press('1', 'Digit1', 49);
  await hasValue('#text', '1');
});

test('copy and cut give the viewer the text, and undo takes a cut back', async ({ view }) => {
  const { viewer, noted, hasValue } = view;
  viewer.click(20, 70);
  viewer.say({ t: 'text', text: 'some text' });
  viewer.press('a', 'KeyA', 65, CTRL);
  viewer.press('c', 'KeyC', 67, CTRL);
  await viewer.hear('clipboard', ({ text }) => text === 'some text');
  await noted('copy text true ');
  viewer.say({ t: 'text', text: 'other' });
  viewer.press('a', 'KeyA', 65, CTRL);
  viewer.press('x', 'KeyX', 88, CTRL);
  await viewer.hear('clipboard', ({ text }) => text === 'other');
  await hasValue('#text', '');
  viewer.press('z', 'KeyZ', 90, CTRL);
  await hasValue('#text', 'other');
});

test('what is pasted is pasted for the page, too', async ({ view }) => {
  const { viewer, page, noted, hasValue } = view;
  viewer.click(20, 70);
  viewer.say({ t: 'paste', text: 'brought along' });
  await hasValue('#text', 'brought along');
  await noted('paste text true brought along');
  viewer.click(20, 425);
  viewer.say({ t: 'paste', text: '271828' });
  await eventually(async () => {
    const digits = page.$$eval('#code input', (boxes) => boxes.map(({ value }) => value).join(''));
    expect(await digits).toBe('271828');
  });
});

test('a list is drawn for the viewer, and chosen from by keys', async ({ view }) => {
  const { viewer, noted, hasValue } = view;
  viewer.click(20, 120);
  const { popup, at, options } = await viewer.hear('popup');
  expect(at).toEqual([10, 110, 160, 30]);
  expect(options.map(({ label, group, isDisabled }) => [label, group, isDisabled])).toEqual([
    ['Alpha', null, false],
    ['No', null, true],
    ['Beta', 'More', false],
    ['Gamma', 'More', false],
  ]);
  viewer.say({ t: 'choose', popup, options: [3] });
  await hasValue('#list', 'Gamma');
  await noted('input list true ', 'change list true ');
  viewer.said.length = 0;
  viewer.click(20, 120);
  const again = await viewer.hear('popup');
  viewer.say({ t: 'choose', popup: again.popup, options: [] });
  // The list is closed: the next click opens it anew.
  viewer.said.length = 0;
  viewer.click(20, 20);
  viewer.click(20, 120);
  await viewer.hear('popup', ({ options: shown }) => shown[3]?.isSelected === true);
  viewer.press('Escape', 'Escape', 27);
});

test('a list in a frame is drawn where it is', async ({ view: { viewer, page } }) => {
  await eventually(async () => expect(page.frames()).toHaveLength(2));
  viewer.click(410, 20);
  const { popup, at } = await viewer.hear('popup');
  expect(at.slice(0, 2)).toEqual([402, 12]);
  viewer.say({ t: 'choose', popup, options: [1] });
  await eventually(async () => {
    expect(await page.frames()[1]?.$eval('select', ({ value }) => value)).toBe('Two');
  });
});

test('dates and colours are picked', async ({ view: { viewer, noted, hasValue } }) => {
  viewer.click(30, 225);
  const color = await viewer.hear('picker', ({ type }) => type === 'color');
  viewer.say({ t: 'pick', picker: color.picker, value: '#00ff00' });
  await hasValue('#color', '#00ff00');
  viewer.click(156, 175);
  const date = await viewer.hear('picker', ({ type }) => type === 'date');
  expect(date.value).toBe('2026-01-02');
  viewer.say({ t: 'pick', picker: date.picker, value: '2026-11-30' });
  await hasValue('#date', '2026-11-30');
  await noted('change color false ', 'change date false ');
});

test('things are dragged and dropped', async ({ view: { viewer, noted } }) => {
  const drag = { t: 'mouse', button: 'left', clicks: 1, modifiers: 0, x: 20 } as const;
  viewer.say({ ...drag, type: 'down', y: 320, buttons: 1 });
  for (let y = 325; y <= 370; y += 5) viewer.say({ ...drag, type: 'move', y, buttons: 1 });
  viewer.say({ ...drag, type: 'up', y: 370, buttons: 0 });
  await noted('dragstart from true ', 'drop to true ', 'dragend from true ');
});

test('the page gets files of the viewer, and no others', async ({ view: { viewer, hasFiles } }) => {
  viewer.click(40, 275);
  const { chooser, isMultiple } = await viewer.hear('chooser');
  expect(isMultiple).toBe(true);
  const files = [
    { name: 'one.txt', size: 70_000 },
    { name: '../../two.txt', size: 0 },
    { name: 'three.txt', size: 3 },
  ];
  viewer.say({ t: 'files', chooser, files });
  viewer.sendRaw(Buffer.alloc(50_000, 'a'));
  viewer.sendRaw(Buffer.from('a'.repeat(20_000) + 'xyz'));
  await hasFiles([
    ['one.txt', 'a'.repeat(70_000)],
    ['two.txt', ''],
    ['three.txt', 'xyz'],
  ]);
  viewer.sendRaw(Buffer.from('more'));
  await viewer.hear('notice', ({ message }) => message === 'No file was announced.');
});
