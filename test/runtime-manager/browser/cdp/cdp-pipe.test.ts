import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { CdpPipe, type CdpEvent } from '../../../../src/runtime-manager/browser/cdp/cdp-pipe.ts';

function openPipe() {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const pipe = new CdpPipe(input, output);
  const heard: CdpEvent[] = [];
  pipe.listen((event) => heard.push(event));
  return { pipe, output, heard, say: (text: string) => output.write(`${text}\0`) };
}

test('what comes in pieces is put together, and an answer finds who asked', async () => {
  const { pipe, output, heard } = openPipe();
  const Answer = z.object({ value: z.number() });
  const asked = pipe.send('Some.method', {}, Answer, AbortSignal.timeout(1000));
  for (const piece of [
    '{"method":"An.ev',
    'ent","params":{}}\0{"id":1,',
    '"result":{"value":7}}\0',
  ]) {
    output.write(piece);
  }
  expect(await asked).toEqual({ value: 7 });
  expect(heard).toEqual([{ method: 'An.event', params: {}, sessionId: undefined }]);
});

test('a message that is too large, or none at all, is passed over', async () => {
  const { heard, output, say } = openPipe();
  const piece = 'x'.repeat(1024 ** 2);
  output.write('{"method":"Too.large","params":"');
  for (let mib = 0; mib < 20; mib++) output.write(piece);
  say('"}');
  say('not JSON');
  say('{"method":"After.it","params":{}}');
  await expect.poll(() => heard.map(({ method }) => method)).toEqual(['After.it']);
});
