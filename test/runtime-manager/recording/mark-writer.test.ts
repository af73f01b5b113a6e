/** What is written of an index, however much happens. */
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MarkWriter } from '../../../src/runtime-manager/recording/mark-writer.ts';
import type { NewRecordingMark } from '../../../src/runtime-manager/runtime/index.ts';

const log = pino({ level: 'silent' });
const markOf = (type: string, atMs = 0): NewRecordingMark => ({
  atMs,
  type,
  tabId: 'TAB',
  data: {},
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what is being written when a recording ends is there once', async () => {
  const written: NewRecordingMark[] = [];
  const held = Promise.withResolvers<void>();
  const addMarks = async (_: string, marks: readonly NewRecordingMark[]) => {
    await held.promise;
    written.push(...marks);
  };
  const writer = new MarkWriter({ addMarks }, 'recording', log);
  writer.add(markOf('tab.opened'));
  await vi.advanceTimersByTimeAsync(1000);
  writer.add(markOf('tab.closed'));
  const ended = writer[Symbol.asyncDispose]();
  held.resolve();
  await ended;
  expect(written.map(({ type }) => type)).toEqual(['tab.opened', 'tab.closed']);
});

test('tabs and pauses are in an index that is full, which says so', async () => {
  const written: NewRecordingMark[] = [];
  const addMarks = async (_: string, marks: readonly NewRecordingMark[]) =>
    void written.push(...marks);
  const writer = new MarkWriter({ addMarks }, 'recording', log);
  for (let atMs = 0; atMs < 25_000; atMs++) {
    writer.add(markOf('tab.navigated', atMs));
    if (atMs % 1000 === 0) await vi.advanceTimersByTimeAsync(1000);
  }
  for (const type of ['tab.opened', 'tab.navigated', 'recording.paused', 'tab.closed']) {
    writer.add(markOf(type, 25_000));
  }
  await writer[Symbol.asyncDispose]();
  expect(written.slice(19_999).map(({ type, atMs }) => [type, atMs])).toEqual([
    ['tab.navigated', 19_999],
    ['recording.limited', 19_999],
    ['tab.opened', 25_000],
    ['recording.paused', 25_000],
    ['tab.closed', 25_000],
  ]);
});
