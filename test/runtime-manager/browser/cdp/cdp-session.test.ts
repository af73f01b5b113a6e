import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CdpPipe, CdpRefusal } from '../../../../src/runtime-manager/browser/cdp/cdp-pipe.ts';
import { CdpSession } from '../../../../src/runtime-manager/browser/cdp/cdp-session.ts';

interface Sent {
  id: number;
  method: string;
  params: Record<string, unknown>;
  sessionId?: string;
}

/** A session with a browser that answers only what the test has it answer. */
function openBrowser() {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const browser = new CdpSession(new CdpPipe(input, output));
  const sent: Sent[] = [];
  input.on('data', (chunk: Buffer) => {
    for (const text of chunk.toString().split('\0')) if (text !== '') sent.push(JSON.parse(text));
  });
  const say = (...messages: object[]) =>
    output.write(messages.map((message) => `${JSON.stringify(message)}\0`).join(''));
  const nextSent = async () => {
    await expect.poll(() => sent.length).toBeGreaterThan(0);
    const [next] = sent.splice(0, 1);
    if (!next) throw new Error('nothing was sent');
    return next;
  };
  /** A session with a target. */
  const attach = async (sessionId: string, parent = browser) => {
    const attaching = parent.attach('some target');
    const { id, sessionId: asked } = await nextSent();
    say({ id, result: { sessionId }, sessionId: asked });
    return attaching;
  };
  return { browser, output, sent, say, nextSent, attach };
}

/** An event of the session S. */
function loaded(params: unknown) {
  return { method: 'Page.loadEventFired', params, sessionId: 'S' };
}

function attached(sessionId: string, parentId: string) {
  return { method: 'Target.attachedToTarget', params: { sessionId }, sessionId: parentId };
}

function detached(sessionId: string, parentId?: string) {
  return { method: 'Target.detachedFromTarget', params: { sessionId }, sessionId: parentId };
}

test('a command goes to its target, and its answer comes back', async () => {
  const { attach, nextSent, say } = openBrowser();
  const page = await attach('S');
  const asked = page.send('Runtime.evaluate', { expression: '6 * 7' });
  const sent = await nextSent();
  expect(sent).toMatchObject({ method: 'Runtime.evaluate', params: { expression: '6 * 7' } });
  expect(sent.sessionId).toBe('S');
  say({ id: sent.id, result: { result: { type: 'number', value: 42 } }, sessionId: 'S' });
  expect((await asked).result.value).toBe(42);
});

test('a listener gets the events of its session and name, until it stops listening', async () => {
  const { browser, attach, say } = openBrowser();
  const page = await attach('S');
  const told: unknown[] = [];
  const listening = page.on('Page.loadEventFired', ({ timestamp }) => told.push(timestamp));
  browser.on('Page.loadEventFired', () => told.push('the browser'));
  page.on('Page.domContentEventFired', () => told.push('another event'));
  say(loaded({ timestamp: 1 }), loaded('no object'), loaded({ timestamp: 2 }));
  await expect.poll(() => told).toEqual([1, 2]);
  listening[Symbol.dispose]();
  say(loaded({ timestamp: 3 }), {
    method: 'Page.domContentEventFired',
    params: {},
    sessionId: 'S',
  });
  await expect.poll(() => told).toEqual([1, 2, 'another event']);
});

test('an aborted command throws the reason, and its late answer is dropped unread', async () => {
  const { browser, nextSent, say } = openBrowser();
  const abort = new AbortController();
  const asked = browser.send('Browser.getVersion', {}, { signal: abort.signal });
  const { id } = await nextSent();
  abort.abort(new Error('nobody wants it'));
  await expect(asked).rejects.toThrow('nobody wants it');
  const parse = vi.spyOn(JSON, 'parse');
  onTestFinished(() => parse.mockRestore());
  say({ id, result: { product: 'late' } });
  const next = browser.send('Browser.getVersion', {});
  say({ id: id + 1, result: { product: 'in time' } });
  expect((await next).product).toBe('in time');
  expect(parse.mock.calls.filter(([text]) => text.includes('late'))).toEqual([]);

  await expect(
    browser.send('Browser.getVersion', {}, { signal: AbortSignal.abort(new Error('too late')) }),
  ).rejects.toThrow('too late');
});

test('a session whose command is aborted before it begins does not begin', async () => {
  const { browser, nextSent, say, sent } = openBrowser();
  const abort = new AbortController();
  const attaching = browser.attach('some target', { signal: abort.signal });
  const { id } = await nextSent();
  abort.abort(new Error('nobody wants it'));
  await expect(attaching).rejects.toThrow('nobody wants it');
  say({ id, result: { sessionId: 'S' } }, detached('S'));
  expect(sent).toEqual([]);
});

test('the error names the command that was refused, or had no answer in time', async () => {
  const { browser, nextSent, say } = openBrowser();
  const refused = browser.send('Page.enable', {});
  const { id } = await nextSent();
  say({ id, error: { code: -32601, message: "'Page.enable' wasn't found" } });
  const error = await refused.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ message: "Page.enable: 'Page.enable' wasn't found" });
  expect(error).toHaveProperty('cause', expect.any(CdpRefusal));
  expect(error).toHaveProperty('cause.code', -32601);

  await expect(browser.send('Browser.getVersion', {}, { timeoutMs: 1 })).rejects.toThrow(
    'Browser.getVersion: no answer within 1 ms',
  );
  const odd = browser.send('Browser.getVersion', {});
  await nextSent();
  say({ id: (await nextSent()).id, result: 'no object' });
  await expect(odd).rejects.toThrow('Browser.getVersion: Chromium answered with no object');
});

test('a command without a limit of its own is given up after ten seconds', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { browser } = openBrowser();
  const asked = browser.send('Browser.getVersion', {});
  const patient = browser.send(
    'Browser.getVersion',
    {},
    { signal: AbortSignal.any([browser.gone]) },
  );
  const failed = expect(asked).rejects.toThrow('Browser.getVersion: no answer within 10000 ms');
  await vi.advanceTimersByTimeAsync(10_000);
  await failed;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await Promise.race([patient, Promise.resolve('waits')])).toBe('waits');
});

test('a session whose target goes away says so, and ends its open commands', async () => {
  const { attach, nextSent, say } = openBrowser();
  const [page, other] = [await attach('S'), await attach('T')];
  const asked = page.send('Runtime.evaluate', { expression: 'new Promise(() => {})' });
  const elsewhere = other.send('Runtime.evaluate', { expression: '1' });
  const told: unknown[] = [];
  page.on('Page.loadEventFired', () => told.push('gone'));
  await nextSent();
  const { id } = await nextSent();
  expect(page.gone.aborted).toBe(false);
  say(detached('S'), loaded({}), { id, result: { result: { type: 'undefined' } }, sessionId: 'T' });
  await expect(asked).rejects.toThrow('Runtime.evaluate: the debugging session has ended');
  expect(page.gone.aborted).toBe(true);
  await expect(page.send('Page.enable', {})).rejects.toThrow(
    'Page.enable: the debugging session has ended',
  );
  expect((await elsewhere).result.type).toBe('undefined');
  expect(other.gone.aborted).toBe(false);
  expect(told).toEqual([]);
});

test('a target that goes away at the moment its session begins ends that session', async () => {
  const { browser, nextSent, say } = openBrowser();
  const attaching = browser.attach('some target');
  say({ id: (await nextSent()).id, result: { sessionId: 'S' } }, detached('S'));
  expect((await attaching).gone.aborted).toBe(true);
});

test('a session ends with the session that attached it, and only that one says so', async () => {
  const { attach, say } = openBrowser();
  const page = await attach('S');
  const frames: CdpSession[] = [];
  page.on('Target.attachedToTarget', ({ sessionId }) => frames.push(page.child(sessionId)));
  say(attached('F', 'S'), attached('G', 'S'));
  await expect.poll(() => frames.length).toBe(2);
  const gone = () => frames.map((frame) => frame.gone.aborted);
  say(detached('G'), detached('F', 'S'));
  await expect.poll(gone).toEqual([true, false]);
  say(detached('S'));
  await expect.poll(gone).toEqual([true, true]);
});

test('a disposed session detaches from its target through the session that attached it', async () => {
  const { attach, nextSent, sent } = openBrowser();
  const page = await attach('S');
  const frame = await attach('F', page);
  const asked = frame.send('Runtime.evaluate', { expression: '1' });
  await nextSent();
  frame[Symbol.dispose]();
  frame[Symbol.dispose]();
  const ended = 'Runtime.evaluate: the debugging session has ended';
  await expect(asked).rejects.toThrow(ended);
  const method = 'Target.detachFromTarget';
  expect(await nextSent()).toMatchObject({ method, params: { sessionId: 'F' }, sessionId: 'S' });
  page[Symbol.dispose]();
  const leave = await nextSent();
  expect(leave).toMatchObject({ method, params: { sessionId: 'S' } });
  expect(leave.sessionId).toBeUndefined();
  expect(sent).toEqual([]);
});

test('all sessions end with the browser', async () => {
  const { browser, attach, output } = openBrowser();
  const page = await attach('S');
  const open = [browser.send('Browser.getVersion', {}), page.send('Page.enable', {})];
  output.destroy();
  const [ofBrowser, ofPage] = await Promise.allSettled(open);
  const closed = 'the debugging pipe closed';
  expect(ofBrowser).toHaveProperty('reason.message', `Browser.getVersion: ${closed}`);
  expect(ofPage).toHaveProperty('reason.message', `Page.enable: ${closed}`);
  expect([browser.gone.aborted, page.gone.aborted]).toEqual([true, true]);
  await expect(page.send('Page.enable', {})).rejects.toThrow('Page.enable: ');
});
