import { expect, onTestFinished } from 'vitest';
import type { MachineBrowser } from '../../src/runtime-manager/machine/browser-machine.ts';

/** What was told of one download. */
export interface FollowedDownload {
  guid: string;
  suggestedName: string;
  url: string | undefined;
  frameId: string | undefined;
  /** Each end that was told: its file, or why there is none. */
  ends: ({ name: string; content: string } | string)[];
}

/** Follows the downloads of a browser until the test is over, and reads each file. */
export function followDownloads(downloads: Pick<MachineBrowser['downloads'], 'follow'>) {
  const followed: FollowedDownload[] = [];
  const endsOf = (guid: string) => {
    const [one, ...others] = followed.filter((any) => any.guid === guid);
    expect(others).toEqual([]);
    if (!one) throw new Error('it did not begin');
    return one.ends;
  };
  const following = downloads.follow({
    began: (download) => followed.push({ ...download, ends: [] }),
    completed: async (guid, { name, open }) => {
      await using file = await open();
      endsOf(guid).push({ name, content: await file.readFile('utf8') });
    },
    failed: (guid, why) => endsOf(guid).push(why),
  });
  onTestFinished(() => following[Symbol.dispose]());
  return {
    followed,
    /** Waits until so many downloads are over, and forgets them. */
    over: async (count: number): Promise<FollowedDownload[]> => {
      await expect.poll(() => followed.filter(({ ends }) => ends.length > 0).length).toBe(count);
      const over = followed.splice(0);
      expect(over.map(({ ends }) => ends.length)).toEqual(over.map(() => 1));
      return over.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
    },
  };
}

function nameOf({ ends: [end] }: FollowedDownload): string {
  return typeof end === 'object' ? end.name : '';
}
