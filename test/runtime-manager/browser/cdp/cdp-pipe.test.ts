import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CdpPipe } from '../../../../src/runtime-manager/browser/cdp/cdp-pipe.ts';

const IN_TIME = { timeoutMs: 1000 };

function openPipe() {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const pipe = new CdpPipe(input, output);
  const say = (...texts: string[]) => output.write(texts.map((text) => `${text}\0`).join(''));
  /** What an event of this name tells from now on. */
  const listen = (method: string, sessionId?: string) => {
    const told: unknown[] = [];
    const listening = pipe.listen(method, sessionId, (params) => told.push(params));
    return { told, stop: () => listening[Symbol.dispose]() };
  };
  const ask = (sessionId?: string) =>
    pipe.send({ method: 'Some.method', params: {}, sessionId }, (result) => result, IN_TIME);
  return { pipe, output, say, listen, ask };
}

/** How often anything is parsed from now on. */
function watchParsing() {
  const parse = vi.spyOn(JSON, 'parse');
  onTestFinished(() => parse.mockRestore());
  return () => parse.mock.calls.length;
}

test('a message that comes in pieces is put together, and an answer reaches whoever asked', async () => {
  const { listen, output, ask } = openPipe();
  const { told } = listen('An.event');
  const asked = ask();
  for (const piece of [
    '{"method":"An.ev',
    'ent","params":{}}\0{"id":1,',
    '"result":{"value":7}}\0',
  ]) {
    output.write(piece);
  }
  expect(await asked).toEqual({ value: 7 });
  expect(told).toEqual([{}]);
});

test('a message that is too large, or is not JSON, is skipped', async () => {
  const { listen, output, say } = openPipe();
  const tooLarge = listen('Too.large');
  const after = listen('After.it');
  const piece = 'x'.repeat(1024 ** 2);
  output.write('{"method":"Too.large","params":"');
  for (let mib = 0; mib < 20; mib++) output.write(piece);
  say('"}', 'not JSON', '', '{"method":"After.it","params":{}}');
  await expect.poll(() => after.told).toEqual([{}]);
  expect(tooLarge.told).toEqual([]);
});

test('an answer that is too large fails at once, unless it is asked for as a large one', async () => {
  const { pipe, output, ask } = openPipe();
  const answer = (id: number) => {
    output.write(`{"id":${id},"result":{"data":"`);
    for (let mib = 0; mib < 20; mib++) output.write('x'.repeat(1024 ** 2));
    output.write('"}}\0');
  };
  const refused = ask();
  answer(1);
  await expect(refused).rejects.toThrow('Some.method: the answer was too large');
  const large = pipe.send(
    { method: 'Some.method', params: {}, sessionId: undefined },
    (result) => JSON.stringify(result).length,
    { ...IN_TIME, isLarge: true },
  );
  answer(2);
  expect(await large).toBeGreaterThan(20 * 1024 ** 2);
  const again = ask();
  answer(3);
  await expect(again).rejects.toThrow('too large');
});

test('neither an event that nobody listens to nor an answer that nobody waits for is parsed', async () => {
  const { listen, say } = openPipe();
  const parsed = watchParsing();
  const { told } = listen('Page.loaded', 'S');
  say(
    '{"method":"Network.dataReceived","params":{"of":"another method"},"sessionId":"S"}',
    '{"method":"Page.loaded","params":{"of":"another session"},"sessionId":"T"}',
    '{"method":"Page.loaded","params":{"of":"the browser"}}',
    '{"id":7,"result":{"of":"nobody"},"sessionId":"S"}',
  );
  say('{"method":"Page.loaded","params":{"of":"this session"},"sessionId":"S"}');
  await expect.poll(() => told).toEqual([{ of: 'this session' }]);
  expect(parsed()).toBe(1);
});

test('texts of a page that look like the session of a message do not mislead', async () => {
  const { listen, say } = openPipe();
  const [ofBrowser, ofSession] = [listen('An.event'), listen('An.event', 'S')];
  const params = { text: '"sessionId":"S"}', sessionId: 'S' };
  const text = JSON.stringify(params);
  say(`{"method":"An.event","params":${text}}`);
  say(`{"method":"An.event","params":${text},"sessionId":"S"}`);
  await expect.poll(() => ofSession.told).toEqual([params]);
  expect(ofBrowser.told).toEqual([params]);
});

test("a message in another form than Chromium's is still parsed and heard", async () => {
  const { listen, say, ask } = openPipe();
  const { told } = listen('An.event', 'S');
  const asked = ask('S');
  say('{ "sessionId": "S", "params": { "spaces": true }, "method": "An.event" }');
  say('{"method":"An.event","sessionId":"S","params":{"last":"a text"},"more":"text"}');
  say('{"sessionId":"S","result":{"value":7},"id":1}');
  expect(await asked).toEqual({ value: 7 });
  expect(told).toEqual([{ spaces: true }, { last: 'a text' }]);
});

test('a session cannot answer a command that was sent to another', async () => {
  const { say, ask } = openPipe();
  const asked = ask('S');
  say('{"id":1,"result":{"by":"another"},"sessionId":"T"}', '{"id":1,"result":{"by":"nobody"}}');
  say('{"id":1,"result":{"by":"itself"},"sessionId":"S"}');
  expect(await asked).toEqual({ by: 'itself' });
});

test('whoever has stopped listening hears nothing, and the others go on', async () => {
  const { listen, say } = openPipe();
  const [first, second] = [listen('An.event'), listen('An.event')];
  first.stop();
  first.stop();
  say('{"method":"An.event","params":{}}');
  await expect.poll(() => second.told).toEqual([{}]);
  expect(first.told).toEqual([]);
  const parsed = watchParsing();
  const after = listen('After.it');
  second.stop();
  say('{"method":"An.event","params":{}}', '{"method":"After.it","params":{}}');
  await expect.poll(() => after.told).toEqual([{}]);
  expect(parsed()).toBe(1);
});
