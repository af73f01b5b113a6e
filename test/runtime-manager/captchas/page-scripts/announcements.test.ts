import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { announcements } from '../../../../src/runtime-manager/captchas/page-scripts/announcements.ts';
import { captchaList } from '../../../../src/runtime-manager/captchas/page-scripts/captcha-list.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A document whose only captchas are those that the test adds, and that nobody solves. */
function openDocument() {
  const list = captchaList();
  return {
    ...announcements(
      () => list.all(),
      ({ id }) => ({ id }),
      list,
    ),
    list,
    add: (anchor = { isConnected: true }) => {
      list.add(anchor, { kind: 'image' });
      return anchor;
    },
  };
}

test('whoever asks for the next captchas waits until there are some, and gets each once', async () => {
  const { next, add, unsolved } = openDocument();
  const asked = next(true);
  await vi.advanceTimersByTimeAsync(1000);
  add();
  await vi.advanceTimersByTimeAsync(250);
  await expect(asked).resolves.toEqual([{ id: 1 }]);
  const askedAgain = next(false);
  await vi.advanceTimersByTimeAsync(1000);
  add();
  await vi.advanceTimersByTimeAsync(250);
  await expect(askedAgain).resolves.toEqual([{ id: 2 }]);
  expect(unsolved()).toEqual([{ id: 1 }, { id: 2 }]);
});

test('whoever asks for the first time gets all captchas, and whoever waited before gets none', async () => {
  const { next, add } = openDocument();
  add();
  await next(true);
  const before = next(false);
  await expect(next(true)).resolves.toEqual([{ id: 1 }]);
  await vi.advanceTimersByTimeAsync(250);
  await expect(before).resolves.toEqual([]);
});

test('a captcha that loses its response after it was settled is announced once more', async () => {
  const { next, add, settle } = openDocument();
  add();
  await next(true);
  settle(1);
  settle(99);
  await expect(next(false)).resolves.toEqual([{ id: 1 }]);
});

test('an element counts as one captcha until it leaves the document, and at most a hundred are announced', () => {
  const { list, add } = openDocument();
  const first = add();
  add(first);
  for (let more = 0; more < 120; more++) add();
  expect(list.all()).toHaveLength(100);
  first.isConnected = false;
  list.forgetGone();
  expect(list.find(1)).toBeUndefined();
  expect(() => list.get(1)).toThrow('gone');
  add(Object.assign(first, { isConnected: true }));
  expect(list.all().at(-1)).toMatchObject({ id: 101, anchor: first, isTold: false });
});
