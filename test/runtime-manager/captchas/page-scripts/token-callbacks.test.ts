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

test('only what has a site key of its own was rendered, and nothing of the page runs to find it', () => {
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

test('site keys are told once, without those that cannot be one, and at most ten', () => {
  const keys = ['a', 'a', '', 'x'.repeat(201), ...'bcdefghijklm'.split('')];
  const rendered = keys.map((siteKey) => ({ siteKey, callback: undefined }));
  expect(siteKeysOf(rendered)).toEqual('abcdefghij'.split(''));
});

test('a rendered callback gets the token after the script, also when it was given by its name', () => {
  const done = vi.fn<(token: string) => void>();
  page['done'] = done;
  for (const callback of [done, 'done']) {
    expect(callRendered([{ siteKey: 'a', callback }], 'a', 'token')).toBe(true);
  }
  expect(done).not.toHaveBeenCalled();
  vi.runAllTimers();
  expect(done.mock.calls).toEqual([['token'], ['token']]);
});

test('with no callback, or two that differ, none is called', () => {
  const [one, other] = [vi.fn<() => void>(), vi.fn<() => void>()];
  const rendered = [one, other].map((callback) => ({ siteKey: 'a', callback }));
  expect(callRendered(rendered, 'a', 'token')).toBe(false);
  expect(callRendered(rendered, 'b', 'token')).toBe(false);
  expect(callRendered([{ siteKey: 'a', callback: 'unknown' }], 'a', 'token')).toBe(false);
  vi.runAllTimers();
  expect(one).not.toHaveBeenCalled();
  expect(other).not.toHaveBeenCalled();
});

test('a callback is found by a name with dots, and where there is none nothing happens', () => {
  const done = vi.fn<(token: string) => void>();
  page['app'] = { forms: { done }, nothing: null };
  expect(callNamed('app.forms.done', 'token')).toBe(true);
  for (const name of ['app', 'app.nothing.done', 'toString.missing', 'other.done']) {
    expect(callNamed(name, 'token'), name).toBe(false);
  }
  vi.runAllTimers();
  expect(done.mock.calls).toEqual([['token']]);
});

test('the next score that is asked for with the key and action is the token, and only that one', async () => {
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

test('a token that is too old answers nothing, and a page without scores has none to answer', () => {
  expect(answerExecute('key', '', 'token', 1000)).toBe(false);
  const enterprise = { execute: () => 'own' };
  page['grecaptcha'] = { enterprise };
  expect(answerExecute('key', '', 'token', 1000)).toBe(true);
  vi.advanceTimersByTime(1001);
  expect(Reflect.apply(enterprise.execute, enterprise, ['key'])).toBe('own');
});
