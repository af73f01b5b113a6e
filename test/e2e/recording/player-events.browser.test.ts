import { expect } from 'vitest';
import { recordingOf } from '../../support/recording-peer.ts';
import { BLUE, expectColor, GREEN, RED, shownTime, test } from '../../support/recording-player.ts';

test('keys play, jump and step', async ({ open, film }) => {
  const video = await film(['red', 10], ['blue', 10]);
  const recording = recordingOf({
    parts: [{ tabId: 'a', startMs: 0, endMs: 20_000, video }],
    marks: [
      { atMs: 4000, type: 'captcha.detected', tabId: 'a', data: { kind: 'turnstile' } },
      { atMs: 13_000, type: 'page.error', tabId: 'a', data: { message: 'Broken.' } },
    ],
  });
  const { page } = await open(recording);
  await expectColor(page, RED);
  const speed = () => page.locator('.speeds [aria-pressed=true]').innerText();
  for (const [key, time] of [
    ['ArrowRight', '0:05'],
    ['ArrowRight', '0:10'],
    ['ArrowLeft', '0:05'],
    ['Shift+ArrowRight', '0:13'],
    ['Shift+ArrowLeft', '0:04'],
    ['End', '0:20'],
    [',', '0:19'],
    ['.', '0:20'],
    ['Home', '0:00'],
  ] as const) {
    await page.keyboard.press(key);
    await expect.poll(() => shownTime(page)).toBe(time);
  }
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Shift+ArrowRight');
  await expectColor(page, BLUE);
  for (const [key, name] of [
    ['1', '0.5×'],
    ['3', '1.5×'],
    ['4', '2×'],
    ['2', '1×'],
  ] as const) {
    await page.keyboard.press(key);
    await expect.poll(speed).toBe(name);
  }
  await page.keyboard.press('Space');
  await expect.poll(() => shownTime(page)).toBe('0:14');
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
});

test('events are listed, and lead to their time', async ({ open, film }) => {
  const video = await film(['red', 2], ['lime', 2]);
  const recording = recordingOf({
    parts: [{ tabId: 'a', startMs: 0, endMs: 4000, video }],
    marks: [
      { atMs: 0, type: 'tab.opened', tabId: 'a', data: { url: 'https://www.example.com/' } },
      { atMs: 10, type: 'tab.shown', tabId: 'a' },
      { atMs: 500, type: 'tab.titled', tabId: 'a', data: { title: 'Example' } },
      { atMs: 1000, type: 'runtime.control_taken', data: { by: 'viewer' } },
      { atMs: 3000, type: 'runtime.control_returned', data: { cause: 'returned' } },
      { atMs: 3500, type: 'something.new' },
    ],
  });
  const { page } = await open(recording);
  const events = page.locator('.event');
  await expect
    .poll(() => events.allInnerTexts())
    .toEqual([
      expect.stringMatching(/Tab opened\s+example\.com\s+0:00/),
      expect.stringMatching(/A person took control\s+0:01/),
      expect.stringMatching(/Control went back to programs\s+0:03/),
      expect.stringMatching(/Something new\s+0:03/),
    ]);
  await events.nth(2).click();
  await expectColor(page, GREEN);
  expect(await events.nth(2).getAttribute('aria-current')).toBe('time');
  expect(await page.locator('.range[data-kind=control]').count()).toBe(1);
  const box = await page.getByRole('slider').boundingBox();
  await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) * 0.25, (box?.y ?? 0) + 10);
  await expect.poll(() => page.locator('.tip').innerText()).toMatch(/0:01\s*A person took control/);
  await page.getByRole('button', { name: 'Events' }).click();
  expect(await events.count()).toBe(0);
});

test('of many events, the current one is kept in sight', async ({ open, film }) => {
  const video = await film(['red', 1]);
  const marks = Array.from({ length: 500 }, (_, i) => ({
    atMs: i * 20,
    type: 'console.message',
    tabId: 'a',
    data: { level: 'log', text: `Line ${i}` },
  }));
  const parts = [{ tabId: 'a', startMs: 0, endMs: 10_000, video }];
  const { page } = await open(recordingOf({ parts, marks }));
  await expectColor(page, RED);
  for (const [key, line] of [
    ['End', 'Line 499'],
    ['ArrowLeft', 'Line 250'],
    ['Home', 'Line 0'],
  ] as const) {
    await page.keyboard.press(key);
    await page.locator('.event[aria-current]', { hasText: line }).waitFor();
    const isInSight = () =>
      page.evaluate(`(() => {
        const event = document.querySelector('.event[aria-current]').getBoundingClientRect();
        const list = document.querySelector('.events ol').getBoundingClientRect();
        return event.top >= list.top && event.bottom <= list.bottom;
      })()`);
    await expect.poll(isInSight).toBe(true);
  }
});
