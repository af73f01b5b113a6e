/** Each driver downloads and uploads, and the bytes are there when its runtime is gone. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { DRIVERS } from '../../support/drivers.ts';
import { eventually } from '../../support/eventually.ts';
import { hashOf, openFileSite } from '../../support/file-site.ts';
import type { TestService } from '../../support/service.ts';
import { test } from '../../support/test.ts';

interface FileBody {
  id: string;
  name: string;
  state: string;
  sha256?: string;
  sizeBytes: number;
}

const SLOW = { timeout: 180_000 };
/** Chromium lets a page begin ten downloads within a second. */
const BURST_MS = 1500;
const LARGE_BYTES = 80 * 1024 * 1024;

async function filesOf({ call }: TestService, runtime: string): Promise<FileBody[]> {
  const listed = await call('GET', `${runtime}/files?limit=500`);
  expect(listed, listed.text).toMatchObject({ status: 200 });
  return listed.json.files;
}

/** What the API has of a file. */
async function contentOf({ url, apiKey }: TestService, path: string): Promise<Buffer> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${apiKey}` } });
  expect(response.status).toBe(200);
  return Buffer.from(await response.arrayBuffer());
}

async function stage(
  { url, apiKey }: TestService,
  runtime: string,
  { name, content }: { name: string; content: Buffer },
): Promise<string> {
  const body = new FormData();
  body.set('file', new Blob([new Uint8Array(content)]), name);
  const headers = { authorization: `Bearer ${apiKey}` };
  const response = await fetch(`${url}${runtime}/files`, { method: 'POST', headers, body });
  const staged = (await response.json()) as { path: string };
  expect(response.status, JSON.stringify(staged)).toBe(200);
  return staged.path;
}

for (const [driver, drive] of Object.entries(DRIVERS)) {
  test(`what ${driver} downloads outlives its runtime`, SLOW, async ({ service, workspace }) => {
    const site = await openFileSite();
    const { id, connection } = await workspace.create();
    const runtime = `${workspace.runtimes}/${id}`;
    const driven = await drive(connection, site.url);
    for (const [nth, { id: link }] of site.offered.entries()) {
      await driven.click(`#${link}`);
      // The next click would give up what has not begun.
      await eventually(async () => expect(await filesOf(service, runtime)).toHaveLength(nth + 1));
    }
    await delay(BURST_MS);
    await driven.click('#all');
    const stored = await eventually(async () => {
      const files = await filesOf(service, runtime);
      expect(files.map(({ state }) => state)).toEqual(files.map(() => 'stored'));
      expect(files).toHaveLength(site.offered.length + 10);
      return files;
    });
    await driven[Symbol.asyncDispose]();
    await workspace.stop(id);
    for (const { name, sha256, sizeBytes } of site.offered) {
      expect(stored).toContainEqual(expect.objectContaining({ name, sha256, sizeBytes }));
    }
    expect(stored.filter(({ sha256 }) => sha256 === site.ten.sha256)).toHaveLength(10);
    for (const { id: fileId, sha256 } of stored) {
      const content = await contentOf(service, `${runtime}/files/${fileId}/content`);
      expect(hashOf(content)).toBe(sha256);
    }
  });

  test(`${driver} gives a page files of the service`, SLOW, async ({ service, workspace }) => {
    const site = await openFileSite();
    const { id, connection } = await workspace.create();
    const runtime = `${workspace.runtimes}/${id}`;
    for (const file of [
      { name: 'empty.txt', content: Buffer.alloc(0) },
      { name: 'large.bin', content: randomBytes(LARGE_BYTES) },
      { name: 'Résumé — 日本.pdf', content: Buffer.from('unicode') },
    ]) {
      const path = await stage(service, runtime, file);
      await using driven = await drive(connection, site.url);
      await driven.choose('#file', path);
      await driven.click('#send');
      const sent = `${file.name} ${hashOf(file.content)}`;
      await eventually(async () => expect(await driven.title()).toBe(sent));
    }
  });
}
