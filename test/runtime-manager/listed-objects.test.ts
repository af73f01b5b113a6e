import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { listObjects } from '../../src/runtime-manager/retention/orphans.ts';
import { STORAGES } from '../support/storages.ts';

for (const [kind, open] of Object.entries(STORAGES)) {
  test(`${kind}: only what the service stores is listed`, async () => {
    const storage = await open();
    const [id, random] = [randomUUID(), randomUUID()];
    const ours = [
      ...['profiles', 'extensions', 'jobs'].map((folder) => `${folder}/${id}/${random}.tar.zst`),
      `jobs/${id}/${random}.json.zst`,
      `files/${id}/${random}`,
    ];
    const others = [
      `profiles/${id}/${random}`,
      `extensions/${id}/${random}`,
      `jobs/${id}/${random}`,
      `files/${id}/${random}.tar.zst`,
      `files/${id}/${random}.png`,
      `files/${id}/${random}0`,
      `files/${id}/readme`,
      `files/readme/${random}`,
      `files/${id}/${randomUUID()}/${random}`,
      `files/${id.toUpperCase()}/${random}`,
      `more/files/${id}/${random}`,
      `files-of-others/${id}/${random}`,
    ];
    for (const key of [...ours, ...others]) await storage.put(key, Readable.from(['content']));
    const listed = await Array.fromAsync(listObjects(storage));
    expect(listed.map(({ key }) => key).toSorted()).toEqual(ours.toSorted());
  });
}
