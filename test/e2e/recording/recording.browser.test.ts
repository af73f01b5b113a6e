/** What is recorded of a runtime, and what is not: seen in the videos, and in the index. */
import { readdir, readlink, stat } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'puppeteer-core';
import { expect } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { chromiumsOf, processesOf } from '../../support/processes.ts';
import { connect, seenIn, tabOf, timeIn, whenReady } from '../../support/recordings.ts';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

/** Each color a bit. */
const [RED, GREEN, BLUE] = ['100', '010', '001'];
const whole = (color: string) => `<title>${color}</title><body style="background:${color}">`;

/** What browsers have open of Chromium's own files that are in no directory. */
async function unnamedFiles(root: string): Promise<string[]> {
  const found = await Promise.all(
    (await chromiumsOf(root)).map(async ({ pid }) => {
      const names = await readdir(`/proc/${pid}/fd`);
      const open = await Promise.all(
        names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')),
      );
      return open.filter((path) => /\.org\.chromium\.Chromium\.\w+ \(deleted\)$/.test(path));
    }),
  );
  return found.flat();
}

/** The priorities of all threads that encode recordings, and of all others of browsers. */
async function priorities(root: string): Promise<{ encoders: number[]; others: number[] }> {
  const found = { encoders: [] as number[], others: [] as number[] };
  for (const { pid, command } of await processesOf(root)) {
    const isEncoder = command.includes('.DevToolsMediaEncodingService');
    const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
    const ofThem = threads.map((thread) => getPriority(Number(thread)));
    found[isEncoder ? 'encoders' : 'others'].push(...ofThem);
  }
  return found;
}

const state = (page: Page) => page.evaluate('document.visibilityState');

test('tabs are recorded while they are in front, and no tab is woken', async ({
  service,
  workspace,
}) => {
  const runtime = await workspace.create({ recording: true });
  const path = `${workspace.runtimes}/${runtime.id}`;
  const [browser, first] = await connect(runtime);
  await first.goto(await openSite(whole('#f00')));

  await delay(1000);
  const second = await browser.newPage();
  await second.goto(await openSite(whole('#0f0')));
  await eventually(async () => expect(await state(first)).toBe('hidden'));
  const hiddenAt = Date.now();
  await delay(1500);
  expect(await state(first)).toBe('hidden');
  const beforeClose = Date.now();
  await second.close();
  await eventually(async () => expect(await state(first)).toBe('visible'));
  await delay(1000);
  await workspace.stop(runtime.id);
  const recording = await whenReady(service.call, path);
  const tab = tabOf(recording, '#0f0');
  // Up to where it was closed: nothing of it is lost.
  const { colours } = await seenIn(service, path, tab, [timeIn(recording, beforeClose) - 100]);
  expect(colours).toEqual([GREEN]);
  expect(timeIn(recording, beforeClose) - tab.endMs).toBeLessThan(300);
  const { json } = await service.call('GET', `/v1/recordings/${recording.id}/marks`);
  const shown = json.marks.filter(({ type }: { type: string }) => type === 'tab.shown');
  const { tabId } = tabOf(recording, '#f00');
  expect(shown.map((mark: { tabId: string }) => mark.tabId)).toEqual([tabId, tab.tabId, tabId]);
  expect(shown[1].atMs).toBeLessThan(timeIn(recording, hiddenAt));
});

test('a page that stands still is recorded once, and for as long as it does', async ({
  service,
  workspace,
}) => {
  const runtime = await workspace.create({ recording: true });
  const path = `${workspace.runtimes}/${runtime.id}`;
  const [, page] = await connect(runtime);
  await page.goto(await openSite(whole('#f00')));
  await delay(31_500);
  const still = await service.call('GET', `${path}/recording`);
  expect(still.json.tabs[0].segments).toBe(1);
  await page.evaluate("void (document.body.style.background = '#00f')");
  await delay(1000);
  await workspace.stop(runtime.id);
  const recording = await whenReady(service.call, path);
  const [tab] = recording.tabs;
  if (!tab) throw new Error('there is no tab');
  const times = [25_000, recording.durationMs - 300];
  const { colours, durationMs } = await seenIn(service, path, tab, times);
  expect(colours).toEqual([RED, BLUE]);
  expect(Math.abs(durationMs - (tab.endMs - tab.startMs))).toBeLessThan(200);
  expect(recording.sizeBytes).toBeLessThan(100_000);
});

test('pages and commands go before the encoding', async ({ service, workspace }) => {
  const runtime = await workspace.create({ recording: true });
  const [browser] = await connect(runtime);
  // What other tests left may have ended its encoders, but has no others with a low priority.
  await eventually(async () => {
    const { encoders } = await priorities(service.browserRoot);
    expect(encoders.length).toBeGreaterThan(1);
    expect(new Set(encoders)).toEqual(new Set([10]));
  });
  expect(new Set((await priorities(service.browserRoot)).others)).toEqual(new Set([0]));
  await browser.disconnect();
  await workspace.stop(runtime.id);
});

test('a recording is paused by its caller, and while a person drives', async ({
  service,
  workspace,
}) => {
  const runtime = await workspace.create({ recording: { pauseWhileHumanDrives: true } });
  const path = `${workspace.runtimes}/${runtime.id}`;
  const [, page] = await connect(runtime);
  await page.goto(await openSite(whole('#f00')));
  await delay(1000);
  const paused = await service.call('POST', `${path}/recording/pause`);
  expect(paused).toMatchObject({ status: 200, json: { isPaused: true } });
  await page.goto(await openSite(whole('#0f0')));
  await delay(1500);
  await page.goto(await openSite(whole('#00f')));
  await service.call('POST', `${path}/recording/resume`);
  await delay(1000);
  await service.call('POST', `${path}/control`, { holder: 'human' });
  await page.goto(await openSite(whole('#0f0')));
  await delay(1500);
  await page.goto(await openSite(whole('#00f')));
  await service.call('POST', `${path}/control`, { holder: 'agent' });
  await delay(1000);
  await workspace.stop(runtime.id);
  const recording = await whenReady(service.call, path);
  const [tab] = recording.tabs;
  if (!tab) throw new Error('there is no tab');
  const step = 250;
  const count = Math.floor((tab.endMs - tab.startMs - step) / step);
  const times = Array.from({ length: count }, (_, n) => tab.startMs + (n + 1) * step);
  const { colours } = await seenIn(service, path, tab, times);
  expect(colours).toContain(RED);
  expect(colours).toContain(BLUE);
  expect(colours).not.toContain(GREEN);
  const { json } = await service.call('GET', `/v1/recordings/${recording.id}/marks`);
  const said = json.marks
    .filter(({ type }: { type: string }) => type.startsWith('recording.'))
    .map(({ type, data }: { type: string; data: { by: string } }) => `${type} ${data.by}`);
  expect(said).toEqual([
    'recording.paused api',
    'recording.resumed api',
    'recording.paused human',
    'recording.resumed human',
  ]);
});

test('the index has no query strings unless it was asked for them', async ({
  service,
  workspace,
}) => {
  const address = `${await openSite('<title>secret</title>')}?token=SECRET#SECRET`;
  const marksOf = async (recording: unknown) => {
    const runtime = await workspace.create({ recording });
    const path = `${workspace.runtimes}/${runtime.id}`;
    const [, page] = await connect(runtime);
    await page.goto(address);
    await delay(1500);
    const { json } = await service.call('GET', `${path}/recording`);
    return (await service.call('GET', `/v1/recordings/${json.id}/marks`)).text;
  };
  expect(await marksOf(true)).not.toContain('SECRET');
  expect(await marksOf({ keepQueries: true })).toContain('?token=SECRET#SECRET');
});

test('the index takes titles of whatever characters', async ({ service, workspace }) => {
  const start = 'a'.repeat(999);
  const runtime = await workspace.create({ recording: true });
  const path = `${workspace.runtimes}/${runtime.id}`;
  const [, page] = await connect(runtime);
  // The last character that has room takes two.
  await page.goto(await openSite(`<title>${start}&#x1f600;</title>`));
  await eventually(async () => {
    const { json } = await service.call('GET', `${path}/recording`);
    expect(json.tabs[0].title.slice(0, 999)).toBe(start);
  });
});

test('with diagnostics the index has what went wrong in pages', async ({ service, workspace }) => {
  const typesOf = async (recording: unknown) => {
    const runtime = await workspace.create({ recording });
    const path = `${workspace.runtimes}/${runtime.id}`;
    const [, page] = await connect(runtime);
    await delay(500);
    await page.goto(
      await openSite('<script>console.error("said"); fetch("http://127.0.0.1:9/?secret")</script>'),
    );
    await delay(2000);
    const { json } = await service.call('GET', `${path}/recording`);
    const { text } = await service.call('GET', `/v1/recordings/${json.id}/marks`);
    expect(text).not.toContain('?secret');
    return ['console.message', 'page.error', 'page.request_failed'].filter((type) =>
      text.includes(type),
    );
  };
  expect(await typesOf(true)).toEqual([]);
  expect(await typesOf({ diagnostics: true })).toEqual([
    'console.message',
    'page.error',
    'page.request_failed',
  ]);
});

test('a recording is its organization’s alone, and goes with the record of its runtime', async ({
  service,
  workspace,
}) => {
  const runtime = await workspace.create({ recording: true });
  const path = `${workspace.runtimes}/${runtime.id}`;
  await delay(500);
  const { json } = await service.call('GET', `${path}/recording`);
  const own = `/v1/recordings/${json.id}`;
  const tabId = json.tabs[0]?.tabId ?? 'none';
  for (const [method, at] of [
    ['GET', own],
    ['GET', `${own}/marks`],
    ['GET', `${own}/${tabId}.mp4`],
    ['POST', `${own}/embed`],
    ['DELETE', own],
  ] as const) {
    expect((await service.callAsOther(method, at)).status, `${method} ${at}`).toBe(404);
  }
  const others = await service.callAsOther('GET', '/v1/recordings');
  expect(others.json.recordings).toEqual([]);
  const active = await service.call('DELETE', own);
  expect(active).toMatchObject({ status: 409, json: { code: 'recording.active' } });
  await workspace.stop(runtime.id);
  await whenReady(service.call, path);
  const listed = await service.call('GET', '/v1/recordings');
  expect(listed.json.recordings.map(({ id }: { id: string }) => id)).toContain(json.id);
  expect((await service.call('DELETE', path)).status).toBe(200);
  expect((await service.call('GET', own)).status).toBe(404);
  await eventually(async () => {
    const rows = await service.database.db.$client`select id from recordings where id = ${json.id}`;
    expect(rows).toHaveLength(0);
  });
});

test('a runtime without a recording has none, and a start may ask for one', async ({
  service,
  workspace,
}) => {
  const runtime = await workspace.create();
  const path = `${workspace.runtimes}/${runtime.id}`;
  expect(runtime.recording).toBeUndefined();
  const none = await service.call('GET', `${path}/recording`);
  expect(none).toMatchObject({ status: 404, json: { code: 'recording.not_found' } });
  const { $client: query } = service.database.db;
  expect(await query`select id from recordings where runtime_id = ${runtime.id}`).toEqual([]);
  const [, page] = await connect(runtime);
  await page.goto(await openSite(whole('#f00')));
  // Of a tab that is recorded, Chromium would write a file without a name.
  const before = await unnamedFiles(service.browserRoot);
  await delay(1500);
  expect(before).toEqual([]);
  expect(await unnamedFiles(service.browserRoot)).toEqual([]);
  await workspace.stop(runtime.id);
  const started = await service.call('POST', `${path}/start`, { recording: true });
  expect(started, started.text).toMatchObject({
    status: 200,
    json: { generation: 2, recording: { keepQueries: false } },
  });
  await eventually(async () => {
    const { json } = await service.call('GET', `${path}/recording`);
    expect(json).toMatchObject({ generation: 2, isRecording: true });
    expect(await unnamedFiles(service.browserRoot)).not.toEqual([]);
  });
  await workspace.stop(runtime.id);
  const again = await service.call('POST', `${path}/start`, { recording: false });
  expect(again.json.recording).toBeUndefined();
});

test('after its time a recording is a record without videos', async ({ service, workspace }) => {
  const runtime = await workspace.create({ recording: true });
  const path = `${workspace.runtimes}/${runtime.id}`;
  await delay(1000);
  await workspace.stop(runtime.id);
  const { id, tabs } = await whenReady(service.call, path);
  const { $client: query } = service.database.db;
  const [part] = await query`select key from recording_parts where recording_id = ${id}`;
  await query`update recordings set ended_at = now() - interval '31 days' where id = ${id}`;
  await eventually(async () => {
    const { json } = await service.call('GET', `/v1/recordings/${id}`);
    expect(json).toMatchObject({ status: 'expired', sizeBytes: 0, tabs: [] });
  });
  const video = await service.call('GET', `/v1/recordings/${id}/${tabs[0]?.tabId}.mp4`);
  expect(video).toMatchObject({ status: 410, json: { code: 'recording.expired' } });
  const embed = await service.call('POST', `${path}/embed/recording`);
  expect(embed).toMatchObject({ status: 200, json: { status: 'expired' } });
  expect(part?.['key']).toMatch(/^recordings\//);
  await expect(stat(join(service.dataDir, 'objects', part?.['key']))).rejects.toThrow(/ENOENT/);
});

test('bad wishes are refused with their path', async ({ service, workspace }) => {
  for (const [recording, at] of [
    ['yes', 'recording'],
    [{ pauseWhileHumanDrives: 1 }, 'recording.pauseWhileHumanDrives'],
    [{ surprise: true }, 'recording.surprise'],
  ]) {
    const wish = { alias: 'bad', kind: 'browser', recording };
    const answer = await service.call('POST', workspace.runtimes, wish);
    expect(answer, answer.text).toMatchObject({ status: 400, json: { code: 'request.invalid' } });
    expect(answer.text).toContain(at);
  }
});
