import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ClientActing } from '../../../src/runtime-manager/humanize/client-acting.ts';
import { Humanizer } from '../../../src/runtime-manager/humanize/humanizer.ts';

interface Sent {
  id: number;
  method: string;
  params: Record<string, unknown>;
  sessionId?: string;
  atMs: number;
}

const RESERVED = 2_100_000_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface ClientOptions {
  maxDelayMs?: number;
  /** The node that the page has at every point. */
  node?: { name: string; quad: number[] } | undefined;
  /** Whether the browser answers nothing. */
  isSilent?: boolean;
}

/** A client in front of a browser that answers at once, on a clock of its own. */
function openClient({ maxDelayMs = 3000, node, isSilent = false }: ClientOptions = {}) {
  const humanizer = new Humanizer({ personaId: 7, maxDelayMs, seed: 'test' });
  const sent: Sent[] = [];
  const readOn = vi.fn<() => void>();
  const start = performance.now();
  const acting = new ClientActing(humanizer, {
    send: (payload) => {
      const command = JSON.parse(payload.toString());
      sent.push({ ...command, atMs: performance.now() - start });
      if (command.id < RESERVED || isSilent) return;
      const result = answers(node)[command.method];
      const answer = { id: command.id, ...(result ? { result } : { error: { message: 'none' } }) };
      const bytes = Buffer.from(JSON.stringify(answer));
      expect(acting.isAnswer(bytes)).toBe(true);
      queueMicrotask(() => acting.answer(bytes));
    },
    say: () => undefined,
    readOn,
    fail: (error) => {
      throw error;
    },
  });
  let id = 0;
  const give = (method: string, params: object, sessionId?: string) =>
    acting.take(Buffer.from(JSON.stringify({ id: ++id, method, params, sessionId })));
  return {
    acting,
    sent,
    readOn,
    give,
    mouse: (type: string, x: number, y: number, more = {}) =>
      give('Input.dispatchMouseEvent', { type, x, y, ...more }),
    own: () =>
      sent.filter((command) => command.id >= RESERVED && command.method.startsWith('Input.')),
    theirs: () => sent.filter((command) => command.id < RESERVED),
  };
}

function answers(node: { name: string; quad: number[] } | undefined): Record<string, object> {
  if (!node) return { 'Input.dispatchMouseEvent': {}, 'Input.dispatchKeyEvent': {} };
  return {
    ...answers(undefined),
    'Page.getLayoutMetrics': { cssVisualViewport: { pageX: 0, pageY: 0, scale: 1 } },
    'DOM.getNodeForLocation': { backendNodeId: 5, frameId: 'f' },
    'DOM.getContentQuads': { quads: [node.quad] },
    'DOM.describeNode': { node: { nodeName: node.name } },
  };
}

const BUTTON = { name: 'BUTTON', quad: [300, 200, 400, 200, 400, 240, 300, 240] };
const DIV = { ...BUTTON, name: 'DIV' };

test('only commands of input are taken', () => {
  const { acting, give } = openClient();
  expect(give('Page.navigate', { url: 'https://example.com/"Input.' })).toBe(false);
  expect(acting.take(Buffer.from('"Input. is no JSON'))).toBe(false);
  expect(give('Input.dispatchKeyEvent', { type: 'keyDown' })).toBe(true);
});

test("a client's move comes last, after a path that leads there", async () => {
  const { mouse, own, theirs } = openClient();
  mouse('mouseMoved', 640, 480);
  await vi.runAllTimersAsync();
  expect(own().length).toBeGreaterThan(8);
  expect(theirs()).toMatchObject([{ id: 1, params: { type: 'mouseMoved', x: 640, y: 480 } }]);
  const [last] = theirs();
  for (const { atMs, params } of own()) {
    expect(atMs).toBeLessThan(last?.atMs ?? 0);
    expect(params).toMatchObject({ type: 'mouseMoved', button: 'none', buttons: 0 });
  }
});

test('a click is sent in order, with pauses between, and lands beside the middle of a button', async () => {
  const { mouse, theirs } = openClient({ node: BUTTON });
  const press = { button: 'left', clickCount: 1, modifiers: 8, force: 0.5 };
  mouse('mouseMoved', 350, 220, { modifiers: 8 });
  mouse('mousePressed', 350, 220, press);
  mouse('mouseReleased', 350, 220, press);
  await vi.runAllTimersAsync();
  const [moved, pressed, released] = theirs();
  expect(theirs().map(({ id }) => id)).toEqual([1, 2, 3]);
  expect(pressed?.params).toMatchObject(press);
  const { x, y } = moved?.params ?? {};
  expect([x, y]).not.toEqual([350, 220]);
  expect(pressed?.params).toMatchObject({ x, y });
  expect(released?.params).toMatchObject({ x, y });
  expect(Number(x) > 300 && Number(x) < 400 && Number(y) > 200 && Number(y) < 240).toBe(true);
  expect((pressed?.atMs ?? 0) - (moved?.atMs ?? 0)).toBeGreaterThan(25);
  expect((released?.atMs ?? 0) - (pressed?.atMs ?? 0)).toBeGreaterThan(40);
});

test("a button that may be held and moved is pressed where the client's point is", async () => {
  const { mouse, theirs } = openClient({ node: BUTTON });
  mouse('mouseMoved', 350, 220);
  await vi.runAllTimersAsync();
  mouse('mousePressed', 350, 220, { button: 'left', clickCount: 1 });
  await vi.runAllTimersAsync();
  expect(theirs().map(({ params: { x, y } }) => [x, y])).toEqual([
    [350, 220],
    [350, 220],
  ]);
});

test('a press that could begin a drag lands where the client aimed', async () => {
  const { mouse, theirs, own } = openClient({ node: DIV });
  mouse('mouseMoved', 350, 220);
  await vi.runAllTimersAsync();
  mouse('mousePressed', 350, 220, { button: 'left', buttons: 1, clickCount: 1 });
  await vi.runAllTimersAsync();
  const before = own().length;
  mouse('mouseMoved', 550, 230, { button: 'left', buttons: 1 });
  await vi.runAllTimersAsync();
  expect(theirs().map(({ params: { x, y } }) => [x, y])).toEqual([
    [350, 220],
    [350, 220],
    [550, 230],
  ]);
  const dragged = own().slice(before);
  expect(dragged.length).toBeGreaterThan(5);
  for (const { params } of dragged) expect(params).toMatchObject({ button: 'left', buttons: 1 });
});

test('a click that arrived whole lands beside the middle of any element', async () => {
  const { mouse, theirs } = openClient({ node: DIV });
  mouse('mouseMoved', 350, 220);
  mouse('mousePressed', 350, 220, { button: 'left', clickCount: 1 });
  mouse('mouseReleased', 350, 220, { button: 'left', clickCount: 1 });
  await vi.runAllTimersAsync();
  expect(theirs()[1]?.params).not.toMatchObject({ x: 350, y: 220 });
});

test('a client that intercepts drags learns from its single move whether a drag begins', async () => {
  const { mouse, give, theirs, own } = openClient();
  mouse('mousePressed', 100, 100, { button: 'left', clickCount: 1 });
  await vi.runAllTimersAsync();
  give('Input.setInterceptDrags', { enabled: true });
  const before = own().length;
  mouse('mouseMoved', 500, 100, { button: 'left', buttons: 1 });
  give('Input.setInterceptDrags', { enabled: false });
  await vi.runAllTimersAsync();
  expect(own().length).toBe(before);
  expect(theirs().map(({ id }) => id)).toEqual([1, 2, 3, 4]);
});

test('a press away from the pointer moves the pointer there first', async () => {
  const { mouse, own, theirs } = openClient();
  mouse('mousePressed', 400, 300, { button: 'left', clickCount: 1 });
  await vi.runAllTimersAsync();
  expect(own().at(-1)?.params).toMatchObject({ type: 'mouseMoved', x: 400, y: 300 });
  expect(theirs()[0]?.params).toMatchObject({ type: 'mousePressed', x: 400, y: 300 });
});

test('a short text is typed, and the client gets one answer to its one command', async () => {
  const { give, sent, theirs } = openClient();
  give('Input.insertText', { text: 'Hi, ä' });
  await vi.runAllTimersAsync();
  const typed = sent.filter(({ params }) => params['text']).map(({ params }) => params['text']);
  expect(typed.join('')).toBe('Hi, ä');
  expect(theirs()).toMatchObject([{ id: 1, method: 'Input.insertText', params: { text: 'ä' } }]);
});

test.for(['x'.repeat(33), 'two\nlines', ''])('%j is inserted as it is', async (text) => {
  const { give, sent } = openClient();
  give('Input.insertText', { text });
  await vi.runAllTimersAsync();
  expect(sent).toMatchObject([{ id: 1, method: 'Input.insertText', params: { text } }]);
});

test('a text that ends a composition, or comes while a key is down, is inserted as it is', async () => {
  const { give, sent, own } = openClient();
  give('Input.imeSetComposition', { text: 'に', selectionStart: 1, selectionEnd: 1 });
  give('Input.insertText', { text: 'abc' });
  give('Input.dispatchKeyEvent', { type: 'keyDown', key: 'Control', code: 'ControlLeft' });
  give('Input.insertText', { text: 'def' });
  await vi.runAllTimersAsync();
  expect(own()).toEqual([]);
  expect(sent.map(({ params }) => params['text'])).toEqual(['に', 'abc', undefined, 'def']);
});

/** Sends each command once the previous one is answered, as libraries do. */
async function oneByOne(client: ReturnType<typeof openClient>, steps: (() => void)[]) {
  for (const [at, step] of steps.entries()) {
    step();
    while (client.theirs().length <= at) await vi.advanceTimersToNextTimerAsync();
  }
}

function typing(client: ReturnType<typeof openClient>, text: string): (() => void)[] {
  return text.split('').flatMap((key) =>
    ['keyDown', 'keyUp'].map((type) => () => {
      const code = `Key${key.toUpperCase()}`;
      const params = { type, key, code, ...(type === 'keyDown' && { text: key }) };
      client.give('Input.dispatchKeyEvent', params);
    }),
  );
}

test('keys have a rhythm, and three hundred of them take less than 15 s', async () => {
  const client = openClient();
  await oneByOne(client, typing(client, 'lorem ipsum '.repeat(25)));
  const downs = client.theirs().filter(({ params }) => params['type'] === 'keyDown');
  const gaps = downs.slice(1).map(({ atMs }, at) => atMs - (downs[at]?.atMs ?? 0));
  expect(gaps.slice(0, 20).every((gap) => gap >= 30)).toBe(true);
  expect(new Set(gaps.slice(0, 20).map(Math.round)).size).toBeGreaterThan(10);
  expect(downs.at(-1)?.atMs).toBeGreaterThan(8000);
  expect(downs.at(-1)?.atMs).toBeLessThan(15_000);
});

test('moves without a pause take less than 15 s in all, and clicks keep their time', async () => {
  const moves = openClient();
  const jump = (at: number) => () => moves.mouse('mouseMoved', at % 2 === 0 ? 100 : 900, 300);
  await oneByOne(
    moves,
    Array.from({ length: 200 }, (_, at) => jump(at)),
  );
  expect(moves.theirs().at(-1)?.atMs).toBeLessThan(15_000);

  const clicks = openClient();
  const click = (at: number) => {
    const x = at % 2 === 0 ? 100 : 900;
    const press = { button: 'left', clickCount: 1 };
    return [
      () => clicks.mouse('mouseMoved', x, 300),
      () => clicks.mouse('mousePressed', x, 300, press),
      () => clicks.mouse('mouseReleased', x, 300, press),
    ];
  };
  await oneByOne(clicks, Array.from({ length: 40 }, (_, at) => click(at)).flat());
  expect(clicks.theirs().at(-1)?.atMs).toBeGreaterThan(40 * 500);
});

test.for([0, 1, 50, 500])('no command is delayed by more than %i ms', async (maxDelayMs) => {
  const client = openClient({ maxDelayMs, node: BUTTON });
  const press = { button: 'left', clickCount: 1 };
  const steps = [
    () => client.mouse('mouseMoved', 350, 220),
    () => client.mouse('mousePressed', 350, 220, press),
    () => client.mouse('mouseReleased', 350, 220, press),
    () => client.mouse('mouseWheel', 350, 220, { deltaX: 0, deltaY: 3000 }),
    () => client.give('Input.insertText', { text: 'twenty characters...' }),
    ...typing(client, 'abc'),
  ];
  await oneByOne(client, steps);
  const times = client.theirs().map(({ atMs }) => atMs);
  for (const [at, atMs] of times.entries()) {
    // Each timer is at most a millisecond late.
    expect(atMs - (times[at - 1] ?? 0)).toBeLessThanOrEqual(maxDelayMs * 1.1 + 2);
  }
});

test('commands that are sent at once are one burst', async () => {
  const client = openClient({ node: BUTTON });
  const press = { button: 'left', clickCount: 1 };
  for (let at = 0; at < 60; at++) {
    const x = at % 2 === 0 ? 350 : 900;
    client.mouse('mouseMoved', x, 220);
    client.mouse('mousePressed', x, 220, press);
    client.mouse('mouseReleased', x, 220, press);
  }
  await vi.runAllTimersAsync();
  expect(client.theirs()).toHaveLength(180);
  expect(client.theirs().at(-1)?.atMs).toBeLessThan(12_000);
});

test('a scroll of any length has no more turns than there is time for', async () => {
  const client = openClient();
  client.mouse('mouseWheel', 300, 300, { deltaX: 0, deltaY: 1e9 });
  await vi.runAllTimersAsync();
  const turns = client.sent.filter(({ params }) => params['type'] === 'mouseWheel');
  expect(turns.length).toBeLessThan(300);
  expect(turns.reduce((sum, { params }) => sum + Number(params['deltaY']), 0)).toBe(1e9);
});

test("the small steps of a client's own are left as they are", async () => {
  const client = openClient();
  const steps = Array.from({ length: 50 }, (_, at) => () => {
    client.mouse('mouseMoved', 100 + at * 20, 300 + at);
  });
  await oneByOne(client, steps);
  const first = client.theirs()[2]?.atMs ?? 0;
  expect((client.theirs().at(-1)?.atMs ?? 0) - first).toBeLessThan(1000);
});

test('characters without keys have a rhythm too', async () => {
  const client = openClient();
  const characters = 'hello'.split('').map((text) => () => {
    client.give('Input.dispatchKeyEvent', { type: 'char', text });
  });
  await oneByOne(client, characters);
  expect(client.theirs().at(-1)?.atMs).toBeGreaterThan(4 * 60);
});

test('a text is inserted as it came when there is no time at all', async () => {
  const client = openClient({ maxDelayMs: 0 });
  client.give('Input.insertText', { text: 'hello' });
  await vi.runAllTimersAsync();
  expect(client.sent).toMatchObject([{ method: 'Input.insertText', params: { text: 'hello' } }]);
});

test('sessions do not wait for each other', async () => {
  const { give, theirs } = openClient();
  const moved = { type: 'mouseMoved', x: 900, y: 700 };
  give('Input.dispatchMouseEvent', moved, 'slow');
  give('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: 1, y: 1 }] }, 'other');
  await vi.advanceTimersByTimeAsync(1);
  expect(theirs()).toMatchObject([{ id: 2, sessionId: 'other' }]);
  await vi.runAllTimersAsync();
  expect(theirs().map(({ id }) => id)).toEqual([2, 1]);
});

test('nothing more is sent for a client that has left', async () => {
  const { acting, mouse, sent } = openClient();
  mouse('mouseMoved', 900, 700);
  await vi.advanceTimersByTimeAsync(100);
  acting.close();
  const before = sent.length;
  await vi.runAllTimersAsync();
  expect(sent.length).toBe(before);
  expect(vi.getTimerCount()).toBe(0);
});

test('an answer that is no JSON, or comes after the client has left, does no harm', async () => {
  const { acting, mouse, sent, theirs } = openClient({ isSilent: true });
  mouse('mouseMoved', 900, 700);
  await vi.advanceTimersByTimeAsync(0);
  const asked = sent[0]?.id ?? 0;
  acting.answer(Buffer.from(`{"id":${asked},"result":`));
  await vi.runAllTimersAsync();
  expect(theirs()).toMatchObject([{ id: 1 }]);

  mouse('mouseMoved', 100, 100);
  await vi.advanceTimersByTimeAsync(0);
  const last = sent.at(-1)?.id ?? 0;
  const before = sent.length;
  acting.close();
  acting.answer(Buffer.from(`{"id":${last},"result":{}}`));
  await vi.runAllTimersAsync();
  expect(sent.length).toBe(before);
});

test('a browser that does not answer gets only as many positions as it can catch up with', async () => {
  const { mouse, own, theirs } = openClient({ isSilent: true });
  for (let at = 0; at < 4; at++) mouse('mouseMoved', at % 2 === 0 ? 1500 : 100, 300);
  await vi.runAllTimersAsync();
  expect(own().length).toBeLessThanOrEqual(32);
  expect(theirs()).toHaveLength(4);
});

test('a client that sends more than can be acted out is read again later', async () => {
  const { acting, mouse, readOn, theirs } = openClient();
  for (let at = 0; at < 600; at++) mouse('mouseMoved', at, at);
  expect(acting.isFull).toBe(true);
  expect(readOn).not.toHaveBeenCalled();
  await vi.runAllTimersAsync();
  expect(readOn).toHaveBeenCalledOnce();
  expect(acting.isFull).toBe(false);
  expect(theirs().map(({ id }) => id)).toEqual(Array.from({ length: 600 }, (_, at) => at + 1));
});
