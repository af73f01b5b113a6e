import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { expect } from 'vitest';
import type { RecordingTimeMessage } from '../../../src/runtime-manager/recording/manifest.ts';
import { FakeRecording, openRecordingPeer, recordingOf } from '../../support/recording-peer.ts';
import {
  addressOf,
  BLUE,
  expectColor,
  GREEN,
  jumpTo,
  RED,
  shownTime,
  test,
} from '../../support/recording-player.ts';
import { openSite } from '../../support/site.ts';

/** A browser without AV1. */
const WITHOUT_AV1 = `
  HTMLMediaElement.prototype.canPlayType = () => '';
`;

/** Four seconds: the first tab is red, then the second one is green. */
function twoTabs(red: Buffer, green: Buffer): FakeRecording {
  return recordingOf({
    parts: [
      { tabId: 'a', startMs: 0, endMs: 2000, video: red },
      { tabId: 'b', startMs: 2000, endMs: 4000, video: green },
    ],
    marks: [
      { atMs: 0, type: 'tab.opened', tabId: 'a' },
      { atMs: 0, type: 'tab.shown', tabId: 'a' },
      { atMs: 2000, type: 'tab.opened', tabId: 'b' },
      { atMs: 2000, type: 'tab.shown', tabId: 'b' },
    ],
  });
}

test.for([
  [401, /link is not valid any more/],
  [403, /link is not valid any more/],
  [404, /no such recording any more/],
] as const)('the answer %i is the end, in a sentence', async ([status, sentence], { open }) => {
  const recording = new FakeRecording();
  recording.answers = status;
  const { page } = await open(recording);
  await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
});

test('a recording that was deleted says so, and is asked for no more', async ({ open }) => {
  const recording = new FakeRecording();
  recording.facts.status = 'expired';
  const { page } = await open(recording);
  const sentence = 'This recording was deleted after its retention period.';
  await page.getByRole('alert').filter({ hasText: sentence }).waitFor();
  expect(recording.asked).toHaveLength(1);
});

test('a link without a token, or with no real one, says so', async ({ browser, peer }) => {
  const page = await browser.newPage();
  await page.goto(`${peer.page}/recording-1`);
  await page.getByRole('alert').filter({ hasText: 'This link is not complete' }).waitFor();
  for (const token of ['unknown', 'n\u00f6t\u2026one']) {
    await page.goto(`${peer.page}/recording-1#token=${encodeURIComponent(token)}`);
    await page.getByRole('alert').filter({ hasText: 'not valid any more' }).waitFor();
  }
  await page.close();
});

test('a service that does not answer is asked again', async ({ open, film }) => {
  const recording = twoTabs(await film(['red', 2]), await film(['lime', 2]));
  recording.answers = 503;
  const { page } = await open(recording);
  await page.getByText('Trying again').waitFor();
  recording.answers = undefined;
  await expectColor(page, RED);
});

test('a recording in which there is nothing says so', async ({ open }) => {
  const { page } = await open(new FakeRecording());
  await page.getByText('Nothing was recorded.').waitFor();
  await page.getByText('Nothing happened yet.').waitFor();
});

test('a recording begins with its first picture', async ({ open, film }) => {
  const recording = recordingOf({
    parts: [{ tabId: 'a', startMs: 2000, endMs: 4000, video: await film(['red', 2]) }],
    marks: [
      { atMs: 0, type: 'tab.opened', tabId: 'a' },
      { atMs: 0, type: 'tab.shown', tabId: 'a' },
    ],
  });
  const { page } = await open(recording);
  await expectColor(page, RED);
  expect(await shownTime(page)).toBe('0:02');
});

test('addresses of parts that are good no more are renewed', async ({ open, film }) => {
  const recording = twoTabs(await film(['red', 2]), await film(['lime', 2]));
  const blue = await film(['blue', 2]);
  recording.add({ parts: [{ tabId: 'a', startMs: 4000, endMs: 6000, video: blue }] });
  const { page } = await open(recording);
  await expectColor(page, RED);
  recording.generation = 1;
  await page.getByRole('tab', { name: 'First page' }).click();
  await jumpTo(page, 5000, recording);
  await expectColor(page, BLUE);
  expect(recording.asked).toEqual([undefined, undefined]);
});

test('a browser without AV1 gets another video, once it is made', async ({ open, film }) => {
  const recording = twoTabs(await film(['red', 2]), await film(['lime', 2]));
  recording.conversions = 2;
  const { page } = await open(recording, { script: WITHOUT_AV1 });
  await page.getByText('Converting for this browser…').waitFor();
  await expectColor(page, RED);
  await jumpTo(page, 3000, recording);
  await expectColor(page, GREEN);
  expect(new Set(recording.loaded.map((query) => query.get('codec')))).toEqual(new Set(['h264']));
});

test('a video that cannot be decoded is asked for in another codec', async ({ open, film }) => {
  const broken = Buffer.alloc(10_000, 'no video');
  const recording = twoTabs(broken, await film(['lime', 2]));
  const { page } = await open(recording);
  await page.getByText('This browser cannot play this part of the recording.').waitFor();
  const codecs = recording.loaded.map((query) => query.get('codec'));
  expect(codecs[0]).toBe(null);
  expect(codecs).toContain('h264');
  await jumpTo(page, 3000, recording);
  await expectColor(page, GREEN);
});

test('whoever embeds it hears the time, and may jump', async ({ browser, film }) => {
  await using below = await openRecordingPeer('/some/prefix');
  const recording = twoTabs(await film(['red', 2]), await film(['lime', 2]));
  const page = await browser.newPage();
  const refused: string[] = [];
  page.on('console', (message) => refused.push(message.text()));
  const body = `<script>
      const heard = [];
      addEventListener('message', ({ data }) => heard.push({ ...data, at: performance.now() }));
      const seek = (timeMs, more) =>
        frames[0].postMessage({ type: 'bctrl:recording-seek', timeMs, ...more }, '*');
    </script>
    <iframe src="${addressOf(below, recording)}" width="900" height="600"></iframe>`;
  await page.goto((await openSite(body)).replace('127.0.0.1', 'localhost'));
  const heard = () => page.evaluate<(RecordingTimeMessage & { at: number })[]>('heard');
  const frame = page.frameLocator('iframe');
  await frame.getByRole('tab', { name: 'First page' }).waitFor();
  await page.evaluate('seek(3000)');
  await expect
    .poll(async () => (await heard()).at(-1))
    .toMatchObject({
      type: 'bctrl:recording-time',
      timeMs: 3000,
      durationMs: 4000,
      tabId: 'b',
    });
  await page.evaluate("seek(1000, { tabId: 'b' })");
  await frame.getByText('This tab was not open yet').waitFor();
  expect((await heard()).at(-1)).toMatchObject({ timeMs: 1000, tabId: 'b' });
  await page.evaluate("seek('2000')");
  await page.evaluate("seek(1e9, { tabId: 'nobody' })");
  await expect.poll(async () => (await heard()).at(-1)).toMatchObject({ timeMs: 4000, tabId: 'b' });
  const before = (await heard()).length;
  await frame.getByRole('button', { name: 'Play', exact: true }).click();
  await expect.poll(async () => (await heard()).at(-1)?.timeMs ?? 0).toBeGreaterThan(2000);
  const played = (await heard()).slice(before + 1);
  const gaps = played.slice(1).map(({ at }, i) => at - (played[i]?.at ?? 0));
  expect(Math.min(...gaps)).toBeGreaterThan(150);
  expect(refused).toEqual([]);
  await page.close();
});

test('on a phone all of the controls are within the window', async ({ open, film }) => {
  const recording = twoTabs(await film(['red', 2]), await film(['lime', 2]));
  recording.facts = { ...recording.facts, isRunning: true, status: 'encoding' };
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true };
  const { page } = await open(recording, phone);
  await expectColor(page, RED);
  const right = await page.evaluate(
    "Math.max(...[...document.querySelectorAll('button')].map((one) => one.getBoundingClientRect().right))",
  );
  expect(right).toBeLessThanOrEqual(390);
  const heightOf = async () => (await page.locator('#picture').boundingBox())?.height ?? 0;
  const height = await heightOf();
  await page.getByRole('button', { name: 'Events' }).tap();
  await expect.poll(heightOf).toBeGreaterThan(height + 100);
});

test('keys of buttons and tabs are theirs', async ({ open, film }) => {
  const recording = twoTabs(await film(['red', 2]), await film(['lime', 2]));
  const { page } = await open(recording);
  await expectColor(page, RED);
  await page.getByRole('tab', { name: 'First page' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Follow', pressed: false }).waitFor();
  expect(await shownTime(page)).toBe('0:00');
  await page.getByRole('slider').focus();
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => shownTime(page)).toBe('0:04');
});

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

test.for(['light', 'dark'] as const)(
  'axe finds nothing to complain about in %s colors',
  async (colorScheme, { open, film }) => {
    const recording = twoTabs(await film(['red', 2]), await film(['lime', 2]));
    const error = { message: 'Broken.' };
    recording.add({
      marks: [
        { atMs: 100, type: 'tab.navigated', tabId: 'a', data: { url: 'https://example.com/' } },
        { atMs: 500, type: 'runtime.control_taken', data: { by: 'viewer' } },
        { atMs: 700, type: 'recording.paused', data: { by: 'human' } },
        { atMs: 900, type: 'page.error', tabId: 'a', data: error },
        { atMs: 1000, type: 'captcha.detected', tabId: 'a', data: { kind: 'turnstile' } },
        { atMs: 1500, type: 'download.finished', data: { name: 'report.pdf' } },
      ],
    });
    const { page } = await open(recording, { colorScheme, bypassCSP: true });
    await page.evaluate(axe);
    const violations = () =>
      page.evaluate(`axe.run().then(({ violations }) =>
        violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`);
    await expectColor(page, RED);
    expect(await violations()).toEqual([]);
    await page.locator('.event', { hasText: 'Error' }).click();
    await page.getByRole('slider').hover();
    expect(await violations()).toEqual([]);
    await page.getByRole('tab', { name: 'Second page' }).click();
    await page.getByText('This tab was not open yet').waitFor();
    expect(await violations()).toEqual([]);
    recording.facts = { ...recording.facts, isRunning: true, status: 'encoding' };
    await page.reload();
    await page.evaluate(axe);
    await page.getByRole('button', { name: 'Live' }).click();
    expect(await violations()).toEqual([]);
    recording.facts = { ...recording.facts, isRunning: false, status: 'expired' };
    await page.reload();
    await page.evaluate(axe);
    await page.getByText('after its retention period').waitFor();
    expect(await violations()).toEqual([]);
  },
);
