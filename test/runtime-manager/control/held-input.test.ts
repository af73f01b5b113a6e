import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { actingTogether } from '../../../src/runtime-manager/connections/cdp/acting-together.ts';
import { QuietCommands } from '../../../src/runtime-manager/connections/cdp/quiet-commands.ts';
import type { Wire } from '../../../src/runtime-manager/connections/websocket/websocket-bridge.ts';
import { Control } from '../../../src/runtime-manager/control/control.ts';
import { HeldInput } from '../../../src/runtime-manager/control/held-input.ts';
import { ClientActing } from '../../../src/runtime-manager/humanize/client-acting.ts';
import { Humanizer } from '../../../src/runtime-manager/humanize/humanizer.ts';

const OWN_IDS = 2_000_000_000;
const MOUSE = 'Input.dispatchMouseEvent';
const KEY = 'Input.dispatchKeyEvent';
const AT = { x: 10, y: 20, button: 'left' };

interface Message {
  id: number;
  method: string;
  params: Record<string, unknown>;
  sessionId?: string;
  result?: object;
  error?: { code: number; message: string };
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A client of a browser, and whoever may take the browser's control. */
function openClient({ isHumanized = false } = {}) {
  const control = new Control();
  const sent: Message[] = [];
  const said: Message[] = [];
  const readOn = vi.fn<() => void>();
  const wire: Wire = {
    send: (payload) => void sent.push(JSON.parse(payload.toString())),
    say: (payload) => void said.push(JSON.parse(payload.toString())),
    readOn,
    fail: (error) => {
      throw error;
    },
  };
  const quiet = new QuietCommands(wire);
  const humanizer = new Humanizer({ personaId: 7, maxDelayMs: 3000, seed: 'test' });
  const humanized = isHumanized
    ? new ClientActing(humanizer, wire, (command) => held.sent(command))
    : undefined;
  const next = actingTogether([...(humanized ? [humanized] : []), quiet], () => undefined);
  const interrupt = humanized && (() => humanized.interrupt());
  const held: HeldInput = new HeldInput({ control, wire, quiet, next, interrupt });
  let lastId = 0;
  /** Gives a message as the bridge does. */
  const give = (method: string, params: object = {}, sessionId?: string) => {
    const payload = Buffer.from(JSON.stringify({ id: ++lastId, method, params, sessionId }));
    if (!held.take(payload)) wire.send(payload);
    return lastId;
  };
  const ids = (messages: Message[]) => messages.map(({ id }) => id);
  return {
    control,
    held,
    said,
    readOn,
    give,
    type: (key: string, sessionId?: string) => give('Input.insertText', { text: key }, sessionId),
    theirs: () => sent.filter(({ id }) => id < OWN_IDS),
    sentIds: () => ids(sent).filter((id) => id < OWN_IDS),
    saidIds: () => ids(said),
    /** What the service lets go in the client's stead. */
    letGo: () =>
      sent
        .filter(({ id }) => id >= OWN_IDS && id < 2_100_000_000)
        .map(({ method, params, sessionId }) => ({ method, params, sessionId })),
  };
}

test('input waits while a person drives, and goes on in its order; all else passes', () => {
  const client = openClient();
  client.type('a');
  client.control.take();
  client.type('b');
  client.give('Page.navigate', { url: 'about:blank#"Input.insertText"' });
  client.type('c', 'other');
  client.give('Input.setInterceptDrags', { enabled: true });
  client.give(KEY, { type: 'keyDown', key: 'd' });
  client.give('Runtime.evaluate', { expression: 'setupHitTargetInterceptor(node, "Input.")' });
  expect(client.sentIds()).toEqual([1, 3, 5, 7]);
  client.control.giveBack('returned');
  expect(client.sentIds()).toEqual([1, 3, 5, 7, 2, 4, 6]);
  client.type('e');
  expect(client.sentIds().at(-1)).toBe(8);
  expect(client.said).toEqual([]);
});

test('what Playwright prepares for its input waits too, and fails as a script does', async () => {
  const client = openClient();
  client.control.take({ clientsWaitMs: 2000 });
  const text = '([injected, node]) => injected.setupHitTargetInterceptor(node, "mouse")';
  const evaluation = { functionDeclaration: 'f', arguments: [{ value: text }] };
  client.give('Runtime.callFunctionOn', evaluation, 'frame');
  client.give('Page.addScriptToEvaluateOnNewDocument', { source: text });
  expect(client.sentIds()).toEqual([2]);
  await vi.advanceTimersByTimeAsync(2001);
  const description = expect.stringContaining('Error: bctrl: a person drives this runtime now');
  expect(client.said).toMatchObject([
    { id: 1, sessionId: 'frame', result: { exceptionDetails: { exception: { description } } } },
  ]);
  client.give('Runtime.callFunctionOn', evaluation);
  client.control.giveBack('idle');
  expect(client.sentIds()).toEqual([2, 3]);
});

test('what Playwright tries again after its input has failed does not wait once more', async () => {
  const client = openClient();
  client.control.take({ clientsWaitMs: 2000 });
  client.type('a');
  await vi.advanceTimersByTimeAsync(2001);
  const evaluation = { arguments: [{ value: 'injected.fill(node, value)' }] };
  client.give('Runtime.callFunctionOn', evaluation);
  expect(client.said).toMatchObject([
    { id: 1, error: { code: -32000 } },
    { id: 2, result: { exceptionDetails: {} } },
  ]);
  client.type('b');
  expect(client.said).toHaveLength(2);
});

test('input that waits for too long fails, each at its time, with what to do', async () => {
  const client = openClient();
  client.control.take({ clientsWaitMs: 2000 });
  client.type('a', 'one');
  await vi.advanceTimersByTimeAsync(1500);
  client.type('b', 'one');
  client.type('c');
  await vi.advanceTimersByTimeAsync(600);
  expect(client.said).toEqual([
    {
      id: 1,
      sessionId: 'one',
      error: {
        code: -32000,
        message:
          'bctrl: a person drives this runtime now, and has not given it back within 2 s: wait for the event runtime.control_returned, then give this input again.',
      },
    },
  ]);
  await vi.advanceTimersByTimeAsync(1500);
  expect(client.saidIds()).toEqual([1, 2, 3]);
  client.control.giveBack('returned');
  expect(client.sentIds()).toEqual([]);
});

test('with a shorter wait no press is done whose release has failed', async () => {
  const client = openClient();
  client.control.take({ clientsWaitMs: 60_000 });
  client.give(MOUSE, { type: 'mousePressed', ...AT });
  client.type('elsewhere', 'other');
  client.control.take({ clientsWaitMs: 100 });
  client.give(MOUSE, { type: 'mouseReleased', ...AT });
  await vi.advanceTimersByTimeAsync(200);
  expect(client.saidIds()).toEqual([1, 3]);
  client.control.giveBack('returned');
  expect(client.sentIds()).toEqual([2]);
});

test('programs get no more read than may wait, and are read on afterwards', async () => {
  const client = openClient();
  client.control.take();
  for (let nth = 0; nth < 499; nth++) client.type('a');
  expect(client.held.isFull).toBe(false);
  client.type('a');
  expect(client.held.isFull).toBe(true);
  client.control.giveBack('returned');
  expect(client.held.isFull).toBe(false);
  expect(client.readOn).toHaveBeenCalledOnce();
  client.control.take();
  client.type('a'.repeat(17 * 1024 * 1024));
  expect(client.held.isFull).toBe(true);
  await vi.advanceTimersByTimeAsync(21_000);
  expect(client.held.isFull).toBe(false);
  expect(client.readOn).toHaveBeenCalledTimes(2);
});

test('a client that leaves leaves nothing behind', () => {
  const client = openClient();
  client.control.take();
  client.type('a');
  const timers = vi.getTimerCount();
  client.held.close();
  expect(vi.getTimerCount()).toBeLessThan(timers);
  client.control.giveBack('returned');
  expect(client.sentIds()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test('what is down when a person comes is let go, where the pointer is', async () => {
  const client = openClient();
  client.give(MOUSE, { type: 'mousePressed', ...AT, clickCount: 1 }, 's');
  client.give(MOUSE, { type: 'mouseMoved', x: 30, y: 40, button: 'left' }, 's');
  client.give(KEY, { type: 'rawKeyDown', key: 'Shift', code: 'ShiftLeft', modifiers: 8 });
  client.give(KEY, { type: 'keyDown', key: 'A', code: 'KeyA', text: 'A' });
  client.give(KEY, { type: 'keyUp', key: 'A', code: 'KeyA' });
  client.give('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x: 1, y: 1 }] });
  client.control.take();
  await vi.advanceTimersByTimeAsync(1);
  const at = { x: 30, y: 40, button: 'left', clickCount: 1 };
  expect(client.letGo()).toEqual([
    { method: MOUSE, params: { type: 'mouseReleased', ...at }, sessionId: 's' },
    {
      method: KEY,
      params: { type: 'keyUp', key: 'Shift', code: 'ShiftLeft', modifiers: 8 },
    },
    { method: 'Input.dispatchTouchEvent', params: { type: 'touchCancel', touchPoints: [] } },
  ]);
  // The client's own release has nothing left to do, now or later, and the press may come again.
  const released = client.give(MOUSE, { type: 'mouseReleased', ...AT }, 's');
  expect(client.said).toEqual([{ id: released, result: {}, sessionId: 's' }]);
  client.give(MOUSE, { type: 'mouseMoved', ...AT });
  const keyUp = client.give(KEY, { type: 'keyUp', key: 'Shift', code: 'ShiftLeft' });
  expect(client.saidIds()).toEqual([released]);
  client.control.giveBack('returned');
  expect(client.saidIds()).toEqual([released, keyUp]);
  expect(client.sentIds().at(-1)).toBe(keyUp - 1);
  const pressed = client.give(MOUSE, { type: 'mousePressed', ...AT }, 's');
  client.give(MOUSE, { type: 'mouseReleased', ...AT }, 's');
  expect(client.sentIds().slice(-2)).toEqual([pressed, pressed + 1]);
  client.control.take();
  await vi.advanceTimersByTimeAsync(1);
  expect(client.letGo()).toHaveLength(3);
});

test('a drag that is under way is cancelled, with the button that began it', async () => {
  const client = openClient();
  client.give(MOUSE, { type: 'mousePressed', ...AT });
  client.give('Input.dispatchDragEvent', { type: 'dragEnter', x: 1, y: 2, data: {} });
  client.control.take();
  await vi.advanceTimersByTimeAsync(1);
  expect(client.letGo()).toMatchObject([
    { method: 'Input.dispatchDragEvent', params: { type: 'dragCancel', x: 1, y: 2 } },
  ]);
  const drop = client.give('Input.dispatchDragEvent', { type: 'drop', x: 1, y: 2, data: {} });
  expect(client.saidIds()).toEqual([drop]);
});

test('a press that waited in vain has no release', async () => {
  const client = openClient();
  client.control.take({ clientsWaitMs: 100 });
  client.give(MOUSE, { type: 'mousePressed', ...AT });
  await vi.advanceTimersByTimeAsync(150);
  client.give(MOUSE, { type: 'mouseReleased', ...AT });
  client.control.giveBack('returned');
  expect(client.theirs()).toEqual([]);
  expect(client.said).toMatchObject([
    { id: 1, error: {} },
    { id: 2, result: {} },
  ]);
});

test('a person who comes and goes at once leaves the button to the program', async () => {
  const client = openClient();
  client.give(MOUSE, { type: 'mousePressed', ...AT });
  client.control.take();
  client.control.giveBack('returned');
  await vi.advanceTimersByTimeAsync(1);
  expect(client.letGo()).toEqual([]);
  client.give(MOUSE, { type: 'mouseReleased', ...AT });
  expect(client.sentIds()).toEqual([1, 2]);
});

test('what a humanizer has not begun waits too, and is humanized when it goes on', async () => {
  const client = openClient({ isHumanized: true });
  client.give(MOUSE, { type: 'mouseMoved', x: 640, y: 480 });
  client.give(MOUSE, { type: 'mousePressed', ...AT, x: 640, y: 480 });
  client.give(MOUSE, { type: 'mouseReleased', ...AT, x: 640, y: 480 });
  await vi.advanceTimersByTimeAsync(50);
  expect(client.sentIds()).toEqual([]);
  client.control.take();
  client.type('x');
  // The move that is under way is done as soon as the page has been asked for its target.
  await vi.advanceTimersByTimeAsync(350);
  expect(client.sentIds()).toEqual([1]);
  await vi.advanceTimersByTimeAsync(5000);
  expect(client.sentIds()).toEqual([1]);
  client.control.giveBack('returned');
  await vi.advanceTimersByTimeAsync(10);
  expect(client.sentIds()).toEqual([1]);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(client.sentIds()).toEqual([1, 2, 3, 4]);
});

test('a button that a humanizer has pressed is let go, and is not held in later moves', async () => {
  const client = openClient({ isHumanized: true });
  client.give(MOUSE, { type: 'mouseMoved', x: 640, y: 480 });
  client.give(MOUSE, { type: 'mousePressed', ...AT, x: 640, y: 480 });
  client.give(MOUSE, { type: 'mouseReleased', ...AT, x: 640, y: 480 });
  while (!client.sentIds().includes(2)) await vi.advanceTimersByTimeAsync(5);
  client.control.take();
  await vi.advanceTimersByTimeAsync(5);
  // The release was under way.
  expect(client.sentIds()).toEqual([1, 2, 3]);
  client.control.giveBack('returned');
  client.give(MOUSE, { type: 'mousePressed', ...AT, x: 640, y: 480 });
  while (!client.sentIds().includes(4)) await vi.advanceTimersByTimeAsync(5);
  client.control.take();
  await vi.advanceTimersByTimeAsync(5);
  expect(client.letGo()).toMatchObject([{ params: { type: 'mouseReleased', button: 'left' } }]);
  client.give(MOUSE, { type: 'mouseReleased', ...AT, x: 640, y: 480 });
  client.control.giveBack('returned');
  client.give(MOUSE, { type: 'mouseMoved', x: 20, y: 30 });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(client.said).toMatchObject([{ id: 5, result: {} }]);
  expect(client.sentIds()).toEqual([1, 2, 3, 4, 6]);
});
