import { expect, test, vi } from 'vitest';
import { OpenCommands } from '../../../../src/runtime-manager/connections/websocket/open-commands.ts';

const LIMIT_MS = 1000;
const text = (message: object) => Buffer.from(JSON.stringify(message));

const over = (sessionId: string) =>
  text({ method: 'Target.detachedFromTarget', params: { sessionId, targetId: 'x' } });

function openWith(...asked: object[]): OpenCommands {
  const commands = new OpenCommands();
  for (const message of asked) commands.asked(text(message));
  return commands;
}

/** A command with its answer, as each client and each server write them. */
const PAIRS: [string, object, object][] = [
  ['Puppeteer', { method: 'A.b', params: { id: 7 }, id: 3, sessionId: 'S' }, { id: 3, result: {} }],
  ['Playwright over CDP', { id: 3, method: 'A.b', sessionId: 'S' }, { id: 3, error: {} }],
  ['chromedp', { id: 3, sessionId: 'S', method: 'A.b', params: {} }, { id: 3, result: {} }],
  ['Playwright', { id: 'x@3', guid: 'g', method: 'b', params: {} }, { id: 'x@3', result: {} }],
  ['BiDi', { id: 3, method: 'a.b', params: {} }, { type: 'success', id: 3, result: {} }],
  ['BiDi that fails', { id: 3, method: 'a.b', params: {} }, { type: 'error', id: 3, error: 'x' }],
];

test.for(PAIRS)('a command of %s is open until it is answered', ([, command, answer]) => {
  const commands = openWith(command);
  commands.told(text({ method: 'An.event', params: { id: 3 } }));
  commands.told(text({ id: 4, result: { id: 3 } }));
  expect(commands.areOpen(LIMIT_MS)).toBe(true);
  commands.told(text(answer));
  expect(commands.areOpen(LIMIT_MS)).toBe(false);
});

test('the open commands of a session end with it, and those of other sessions do not', () => {
  const commands = openWith(
    { id: 1, method: 'A.b', sessionId: 'S' },
    { method: 'A.b', params: {}, id: 2, sessionId: 'S' },
    { id: 3, method: 'A.b', sessionId: 'T' },
  );
  commands.told(over('S'));
  expect(commands.failures('over').map(String)).toEqual([
    '{"id":3,"error":{"code":-32000,"message":"over"},"sessionId":"T"}',
  ]);
  commands.told(over('T'));
  expect(commands.areOpen(LIMIT_MS)).toBe(false);
});

test('a command counts as open for no longer than the limit', () => {
  vi.useFakeTimers();
  const commands = openWith({ id: 1, method: 'A.b' });
  vi.advanceTimersByTime(LIMIT_MS - 1);
  expect(commands.areOpen(LIMIT_MS)).toBe(true);
  vi.advanceTimersByTime(1);
  expect(commands.areOpen(LIMIT_MS)).toBe(false);
  vi.useRealTimers();
});

test('only the last commands of a client that is never answered are kept', () => {
  const commands = new OpenCommands();
  for (let id = 1; id <= 5000; id++) commands.asked(text({ id, method: 'A.b' }));
  expect(commands.failures('over')).toHaveLength(1000);
});
