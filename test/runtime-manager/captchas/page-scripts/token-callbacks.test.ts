import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  answerExecute,
  callNamed,
  callRendered,
  renderedAmong,
  siteKeysOf,
} from '../../../../src/runtime-manager/captchas/page-scripts/token-callbacks.ts';

let page: Record<string, unknown>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
  page = {};
  vi.stubGlobal('window', page);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('only entries with a site key of their own were rendered, and the search runs no code of the page', () => {
  const done = vi.fn<() => void>();
  const read = vi.fn<() => string>(() => '6L-getter');
  const objects = [
    { sitekey: '6L-a', callback: done },
    Object.create({ sitekey: '6L-inherited' }),
    Object.defineProperty({}, 'sitekey', { get: read }),
    { sitekey: 7 },
  ];
  expect(renderedAmong(objects)).toEqual([{ siteKey: '6L-a', callback: done }]);
  expect(read).not.toHaveBeenCalled();
});

test('each valid site key is reported once, and at most ten are', () => {
  const keys = ['a', 'a', '', 'x'.repeat(201), ...'bcdefghijklm'.split('')];
  const rendered = keys.map((siteKey) => ({ siteKey, callback: undefined }));
  expect(siteKeysOf(rendered)).toEqual('abcdefghij'.split(''));
});

test('a rendered callback gets the token after the script ends, also when the page gave its name', () => {
  const done = vi.fn<(token: string) => void>();
  page['done'] = done;
  for (const callback of [done, 'done']) {
    expect(callRendered([{ siteKey: 'a', callback }], 'a', 'token')).toBe(true);
  }
  expect(done).not.toHaveBeenCalled();
  vi.runAllTimers();
  expect(done.mock.calls).toEqual([['token'], ['token']]);
});

test('no callback is called when there is none, or when two differ', () => {
  const [one, other] = [vi.fn<() => void>(), vi.fn<() => void>()];
  const rendered = [one, other].map((callback) => ({ siteKey: 'a', callback }));
  expect(callRendered(rendered, 'a', 'token')).toBe(false);
  expect(callRendered(rendered, 'b', 'token')).toBe(false);
  expect(callRendered([{ siteKey: 'a', callback: 'unknown' }], 'a', 'token')).toBe(false);
  vi.runAllTimers();
  expect(one).not.toHaveBeenCalled();
  expect(other).not.toHaveBeenCalled();
});

test('a callback is found by a name with dots, and a name without a callback does nothing', () => {
  const done = vi.fn<(token: string) => void>();
  page['app'] = { forms: { done }, nothing: null };
  expect(callNamed('app.forms.done', 'token')).toBe(true);
  for (const name of ['app', 'app.nothing.done', 'toString.missing', 'other.done']) {
    expect(callNamed(name, 'token'), name).toBe(false);
  }
  vi.runAllTimers();
  expect(done.mock.calls).toEqual([['token']]);
});

test('the token answers the next request for a score with its key and action, and no other', async () => {
  const execute = vi.fn<(...asked: unknown[]) => string>(() => 'own');
  const api = { execute };
  page['grecaptcha'] = api;
  expect(answerExecute('key', 'login', 'token', 1000)).toBe(true);
  expect(api.execute).toHaveLength(2);
  expect(api.execute('other', { action: 'login' })).toBe('own');
  expect(api.execute('key', { action: 'logout' }, 'more')).toBe('own');
  expect(execute).toHaveBeenLastCalledWith('key', { action: 'logout' }, 'more');
  await expect(api.execute('key', { action: 'login' })).resolves.toBe('token');
  expect(api.execute('key', { action: 'login' })).toBe('own');
});

test('a token that is too old answers nothing, and neither does one on a page without scores', () => {
  expect(answerExecute('key', '', 'token', 1000)).toBe(false);
  const enterprise = { execute: () => 'own' };
  page['grecaptcha'] = { enterprise };
  expect(answerExecute('key', '', 'token', 1000)).toBe(true);
  vi.advanceTimersByTime(1001);
  expect(Reflect.apply(enterprise.execute, enterprise, ['key'])).toBe('own');
});
