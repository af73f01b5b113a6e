import { open } from 'node:fs/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { DownloadWatchers } from '../../../src/runtime-manager/browser/download-watchers.ts';

const MAX = 1000;

test('of too many downloads at once the oldest fails, and its file is not told later', async () => {
  const watchers = new DownloadWatchers(pino({ level: 'silent' }));
  const told: string[] = [];
  using _following = watchers.follow({
    began: ({ guid }) => told.push(`${guid} began`),
    completed: (guid) => void told.push(`${guid} completed`),
    failed: (guid, why) => told.push(`${guid} ${why}`),
  });
  for (let nth = 0; nth <= MAX; nth++) {
    const download = { url: undefined, suggestedName: 'a.txt', frameId: undefined };
    watchers.began({ ...download, guid: String(nth) });
  }
  expect(told.filter((one) => !one.endsWith('began'))).toEqual(['0 too_many']);
  const files = await Promise.all([open('LICENSE'), open('LICENSE')]);
  await Promise.all(files.map((file, nth) => watchers.completed(String(nth), 'a.txt', file)));
  expect(told.slice(-1)).toEqual(['1 completed']);
  expect(files.map(({ fd }) => fd)).toEqual([-1, -1]);
});
