import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { CdpPipe } from '../../../../src/runtime-manager/browser/cdp/cdp-pipe.ts';
import { CdpSession } from '../../../../src/runtime-manager/browser/cdp/cdp-session.ts';
import { openFolder } from '../../../support/folder.ts';

const FRAMES = 50;
const MAKE_FRAMES = `for (let nth = 0; nth < ${FRAMES}; nth++) {
  const frame = document.createElement('iframe');
  frame.srcdoc = 'frame ' + nth;
  document.body.append(frame);
}`;

/** A Chromium with nothing of the service but the session. */
async function openChromium(): Promise<CdpSession> {
  const folder = await openFolder();
  const chromium = spawn(
    inject('chromiumPath'),
    [
      '--headless',
      '--no-sandbox',
      '--no-startup-window',
      '--remote-debugging-pipe',
      `--user-data-dir=${folder}`,
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const [, , , input, output] = chromium.stdio;
  if (!(input instanceof Socket) || !(output instanceof Socket)) throw new Error('no pipes');
  const browser = new CdpSession(new CdpPipe(input, output));
  onTestFinished(async () => {
    const closed = once(chromium, 'close');
    browser.send('Browser.close', {}).catch(() => undefined);
    await closed;
  });
  return browser;
}

test('events of Chromium that nobody listens to are not parsed', async () => {
  const browser = await openChromium();
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
  using page = await browser.attach(targetId);
  using silent = await browser.attach(targetId);
  for (const session of [page, silent]) {
    await session.send('Page.enable', {});
    await session.send('Page.setLifecycleEventsEnabled', { enabled: true });
    await session.send('Network.enable', {});
    await session.send('Runtime.enable', {});
  }
  const heard = Promise.withResolvers<void>();
  let loaded = 0;
  page.on('Page.frameStoppedLoading', () => {
    if (++loaded >= FRAMES) heard.resolve();
  });
  const parse = vi.spyOn(JSON, 'parse');
  onTestFinished(() => parse.mockRestore());
  await page.send('Runtime.evaluate', { expression: MAKE_FRAMES });
  await heard.promise;
  // The answer, and the events that are listened to.
  expect(parse).toHaveBeenCalledTimes(1 + loaded);
});

test('a session ends with its page, and so do its open commands', async () => {
  const browser = await openChromium();
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
  const page = await browser.attach(targetId);
  const never = page.send('Runtime.evaluate', {
    expression: 'new Promise(() => {})',
    awaitPromise: true,
  });
  const failed = expect(never).rejects.toThrow('Runtime.evaluate: ');
  await browser.send('Target.closeTarget', { targetId });
  await failed;
  await expect.poll(() => page.gone.aborted).toBe(true);
  expect(browser.gone.aborted).toBe(false);
});
