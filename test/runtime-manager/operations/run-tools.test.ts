import { Readable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { RunTools } from '../../../src/runtime-manager/operations/run-tools.ts';

const gone = () => Promise.reject(new Error('the other process has gone'));

test('a tool answers that it failed when its process has gone', async () => {
  const { signal } = new AbortController();
  const options = { helper: { call: gone }, files: { keep: gone } };
  const tools = new RunTools(options, { log: pino({ level: 'silent' }), signal });
  const body = Readable.from([Buffer.from('{"name":"browser_snapshot","arguments":{}}')]);
  const asked = { method: 'POST', path: '/tool', base: '', body, gone: signal };
  expect(await (await tools.answer(asked)).json()).toMatchObject({
    isError: true,
    content: [{ type: 'text' }],
    files: [],
  });
});
