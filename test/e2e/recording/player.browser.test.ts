import { expect } from 'vitest';
import { recordingOf, type GivenMark } from '../../support/recording-peer.ts';
import {
  BLUE,
  expectColor,
  FRONT_COLOR,
  GREEN,
  RED,
  WHITE,
  jumpTo,
  pictureState,
  shownTime,
  test,
} from '../../support/recording-player.ts';

const shown = (atMs: number, tabId: string): GivenMark => ({ atMs, type: 'tab.shown', tabId });

test('each time has its picture, in whichever part it is, until the next', async ({
  open,
  film,
}) => {
  const recording = recordingOf({
    parts: [
      { tabId: 'a', startMs: 0, endMs: 2000, video: await film(['red', 1], ['lime', 1]) },
      // What changes nothing is not in the file: the last picture lasts.
      { tabId: 'a', startMs: 2000, endMs: 8000, video: await film(['blue', 1]) },
      { tabId: 'a', startMs: 8000, endMs: 10_000, video: await film(['white', 2]) },
    ],
  });
  const { page } = await open(recording);
  await expectColor(page, RED);
  for (const [ms, color] of [
    [1500, GREEN],
    [9000, WHITE],
    [2500, BLUE],
    [7500, BLUE],
    [500, RED],
    [9900, WHITE],
  ] as const) {
    await jumpTo(page, ms, recording);
    await expectColor(page, color);
    await expect.poll(() => pictureState(page)).toBe('shown');
  }
});

test('parts are played one after the other, with nothing between them', async ({ open, film }) => {
  const recording = recordingOf({
    parts: [
      { tabId: 'a', startMs: 0, endMs: 1500, video: await film(['red', 1.5]) },
      { tabId: 'a', startMs: 1500, endMs: 3000, video: await film(['lime', 1.5]) },
      { tabId: 'a', startMs: 3000, endMs: 4500, video: await film(['blue', 1]) },
    ],
  });
  const { page } = await open(recording);
  await expectColor(page, RED);
  await page.evaluate(`(() => {
    window.seen = [];
    const look = () => {
      const state = document.querySelector('#picture').dataset.state;
      const now = JSON.stringify(${FRONT_COLOR}) + (state === 'stale' ? ' stale' : '');
      if (window.seen.at(-1) !== now) window.seen.push(now);
      requestAnimationFrame(look);
    };
    look();
  })()`);
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  expect(await page.evaluate('window.seen')).toEqual(['[1,0,0]', '[0,1,0]', '[0,0,1]']);
  expect(await shownTime(page)).toBe('0:04');
  // What is over begins anew.
  await page.keyboard.press('Space');
  await expectColor(page, RED);
});

test('the video goes by the clock, at each speed', async ({ open, film }) => {
  const video = await film(['red', 8]);
  const recording = recordingOf({ parts: [{ tabId: 'a', startMs: 1000, endMs: 9000, video }] });
  const { page } = await open(recording);
  await page.getByRole('button', { name: '2×' }).click();
  await jumpTo(page, 2000, recording);
  await page.keyboard.press('Space');
  const away = `(() => {
    const share = parseFloat(document.querySelector('.scrubber').style.getPropertyValue('--at'));
    const { currentTime, playbackRate } = document.querySelector('video[data-front]');
    return { awayS: Math.abs(share * 0.09 - 1 - currentTime), playbackRate };
  })()`;
  for (const time of ['0:04', '0:06', '0:08']) {
    await expect.poll(() => shownTime(page), { interval: 20 }).toBe(time);
    const { awayS, playbackRate } = await page.evaluate<{ awayS: number; playbackRate: number }>(
      away,
    );
    expect(playbackRate).toBe(2);
    // A frame is drawn between the two at times.
    expect(awayS).toBeLessThan(0.4);
  }
});

test('the tab in use is followed, until one is chosen', async ({ open, film }) => {
  const recording = recordingOf({
    parts: [
      { tabId: 'a', startMs: 0, endMs: 6000, video: await film(['red', 2], ['blue', 2]) },
      { tabId: 'b', startMs: 3000, endMs: 6000, video: await film(['lime', 1]) },
    ],
    marks: [
      { atMs: 0, type: 'tab.opened', tabId: 'a', data: { url: 'https://example.com/first' } },
      shown(0, 'a'),
      { atMs: 2000, type: 'tab.navigated', tabId: 'a', data: { url: 'https://example.com/last' } },
      { atMs: 3000, type: 'tab.opened', tabId: 'b', data: { url: 'https://example.com/second' } },
      shown(3010, 'b'),
      { atMs: 5000, type: 'tab.closed', tabId: 'b' },
      shown(5000, 'a'),
    ],
  });
  const { page } = await open(recording);
  const address = page.getByLabel('Address');
  const [first, second] = [page.getByRole('tab').nth(0), page.getByRole('tab').nth(1)];
  await expect.poll(() => second.textContent()).toContain('not open yet');
  expect(await address.inputValue()).toBe('https://example.com/first');
  await jumpTo(page, 4000, recording);
  await expectColor(page, GREEN);
  expect(await second.getAttribute('aria-selected')).toBe('true');
  expect(await address.inputValue()).toBe('https://example.com/second');
  await first.click();
  await expectColor(page, BLUE);
  expect(await address.inputValue()).toBe('https://example.com/last');
  await jumpTo(page, 1000, recording);
  await expectColor(page, RED);
  await jumpTo(page, 3500, recording);
  await expectColor(page, BLUE);
  await page.getByRole('button', { name: 'Follow', pressed: false }).click();
  await expectColor(page, GREEN);
  expect(await page.title()).toBe('Second page – Recording');
  await jumpTo(page, 5500, recording);
  await expectColor(page, BLUE);
  await expect.poll(() => second.textContent()).toContain('closed');
});

test('what was not recorded is told, over the picture before', async ({ open, film }) => {
  const video = await film(['red', 1]);
  const recording = recordingOf({
    parts: [
      { tabId: 'a', startMs: 0, endMs: 2000, video },
      { tabId: 'a', startMs: 16_000, endMs: 20_000, video },
      { tabId: 'b', startMs: 2000, endMs: 4000, video: await film(['lime', 1]) },
    ],
    marks: [
      shown(0, 'a'),
      { atMs: 2000, type: 'tab.opened', tabId: 'b' },
      shown(2000, 'b'),
      { atMs: 4000, type: 'recording.paused', data: { by: 'human' } },
      { atMs: 8000, type: 'recording.resumed', data: { by: 'human' } },
      { atMs: 8000, type: 'recording.paused', data: { by: 'api' } },
      { atMs: 12_000, type: 'recording.resumed', data: { by: 'api' } },
      { atMs: 13_000, type: 'tab.closed', tabId: 'b' },
      shown(16_000, 'a'),
    ],
  });
  const { page } = await open(recording);
  const note = page.locator('.curtain');
  await expectColor(page, RED);
  await page.getByRole('tab', { name: 'First page' }).click();
  await jumpTo(page, 3000, recording);
  await expect.poll(() => note.innerText()).toMatch(/tab was in the background/);
  await expectColor(page, RED);
  expect(await pictureState(page)).toBe('missing');
  await jumpTo(page, 6000, recording);
  await expect.poll(() => note.innerText()).toBe('Paused while a person drove');
  await jumpTo(page, 10_000, recording);
  await expect.poll(() => note.innerText()).toBe('Recording was paused here');
  await page.getByRole('tab', { name: 'Second page' }).click();
  await jumpTo(page, 14_000, recording);
  await expect.poll(() => note.innerText()).toBe('This tab was closed');
  await expectColor(page, GREEN);
  await jumpTo(page, 1000, recording);
  await expect.poll(() => note.innerText()).toBe('This tab was not open yet');
  await expectColor(page, undefined);
  await page.getByRole('button', { name: 'Follow' }).click();
  await expectColor(page, RED);
  await expect.poll(() => note.innerText()).toBe('');
});

test('while it is recorded, what comes is added, and the end is followed', async ({
  open,
  film,
}) => {
  const recording = recordingOf({ facts: { status: 'encoding', isRunning: true } });
  const { page } = await open(recording);
  await page.getByText('Nothing to see yet').waitFor();
  await page.locator('.chip', { hasText: 'Recording' }).waitFor();
  recording.add({
    parts: [{ tabId: 'a', startMs: 0, endMs: 2000, video: await film(['red', 2]) }],
    marks: [shown(0, 'a')],
  });
  await expectColor(page, RED);
  await page.getByRole('button', { name: 'Live', pressed: false }).click();
  await page.getByRole('button', { name: 'Live', pressed: true }).waitFor();
  expect(await shownTime(page)).toBe('0:02');
  const video = await film(['lime', 2]);
  recording.add({ parts: [{ tabId: 'a', startMs: 2000, endMs: 4000, video }] });
  await expectColor(page, GREEN);
  await expect.poll(() => shownTime(page)).toBe('0:04');
  expect(recording.asked.slice(0, 3)).toEqual([undefined, '0', '2']);
  // It is over; what was many parts is one.
  recording.facts = { ...recording.facts, isRunning: false };
  await page.getByText('Processing…').waitFor();
  expect(await page.getByRole('link', { name: 'Download' }).count()).toBe(0);
  const whole = await film(['red', 2], ['lime', 2]);
  recording.join([{ tabId: 'a', startMs: 0, endMs: 4000, video: whole }]);
  const download = page.getByRole('link', { name: 'Download' });
  await download.waitFor();
  expect(await download.getAttribute('href')).toMatch(/\/parts\/4\?generation=0$/);
  expect(await download.getAttribute('download')).toBe('shop-agent-a.mp4');
  await jumpTo(page, 1000, recording);
  await expectColor(page, RED);
  const asked = recording.asked.length;
  expect(recording.asked.at(-1)).toBe(undefined);
  await page.keyboard.press('End');
  await expectColor(page, GREEN);
  expect(recording.asked).toHaveLength(asked);
});
