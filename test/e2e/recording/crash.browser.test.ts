/** What is recorded outlives the browser that is killed, and the service that is. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { freshEnv } from '../../support/fresh-env.ts';
import { caller, type Call } from '../../support/http.ts';
import { chromiumsOf, sendSignal } from '../../support/processes.ts';
import { connect, seenIn, whenReady } from '../../support/recordings.ts';
import { startService } from '../../support/service-process.ts';
import { openSite } from '../../support/site.ts';

const RUNTIMES = '/v1/workspaces/default/runtimes';
const RUNTIME = `${RUNTIMES}/filmed`;
const [RED, BLUE] = ['100', '001'];
/** Something changes all the time. */
const CLOCK = `<title>clock</title><body style="background:#f00;color:#f00"><p></p><script>
  setInterval(() => document.querySelector('p').textContent = Date.now(), 100)</script>`;

/** Records a page that is red, then blue, and changes all the time. */
async function film(call: Call): Promise<void> {
  const wish = { alias: 'filmed', kind: 'browser', recording: true };
  const created = await call('POST', RUNTIMES, wish);
  const [, page] = await connect(created.json);
  await page.goto(await openSite(CLOCK));
  await delay(5000);
  await page.evaluate("void (document.body.style.background = '#00f')");
  await delay(6000);
}

test('a browser that is killed takes no more than its last seconds along', async () => {
  const env = { ...(await freshEnv()), BCTRL_WARM_MAX: '0' };
  const service = await startService(env);
  onTestFinished(async () => void (await service.stop('SIGTERM')));
  const call = caller(service.url, service.apiKey);
  await film(call);
  const [chromium] = await chromiumsOf(env.BCTRL_BROWSER_DIR);
  sendSignal(chromium?.pid, 'SIGKILL');
  await eventually(async () => {
    expect((await call('GET', RUNTIME)).json.status).toBe('failed');
  });
  const recording = await whenReady(call, RUNTIME);
  const [tab] = recording.tabs;
  if (!tab) throw new Error('there is no tab');
  const last = tab.endMs - 500;
  expect(recording.durationMs).toBeGreaterThan(11_000);
  const { colours } = await seenIn(service, RUNTIME, tab, [3000, 8000, last]);
  expect(colours).toEqual([RED, BLUE, BLUE]);
});

test('what a killed service was recording is there after the next start', async () => {
  const env = { ...(await freshEnv()), BCTRL_WARM_MAX: '0' };
  const first = await startService(env);
  onTestFinished(async () => void (await first.stop('SIGKILL')));
  const call = caller(first.url, first.apiKey);
  await film(call);
  await first.stop('SIGKILL');
  const second = await startService(env);
  onTestFinished(async () => void (await second.stop('SIGTERM')));
  const again = { url: second.url, apiKey: first.apiKey };
  const recording = await whenReady(caller(second.url, first.apiKey), RUNTIME);
  const [tab] = recording.tabs;
  if (!tab) throw new Error('there is no tab');
  expect(tab.endMs).toBeGreaterThan(8000);
  const { colours } = await seenIn(again, RUNTIME, tab, [3000, tab.endMs - 500]);
  expect(colours).toEqual([RED, BLUE]);
  expect(await readdir(join(env.BCTRL_DATA_DIR, 'recordings', 'spool'))).toEqual([]);
});

test('a runtime that cannot be recorded fails, and leaves no recording', async () => {
  const env = { ...(await freshEnv()), BCTRL_WARM_MAX: '0' };
  const service = await startService(env);
  onTestFinished(async () => void (await service.stop('SIGTERM')));
  const folder = join(env.BCTRL_DATA_DIR, 'recordings');
  await rm(folder, { recursive: true, force: true });
  await writeFile(folder, '');
  const call = caller(service.url, service.apiKey);
  const wish = { alias: 'filmed', kind: 'browser', recording: true };
  expect((await call('POST', RUNTIMES, wish)).status).toBe(500);
  expect((await call('GET', '/v1/recordings')).json.recordings).toEqual([]);
  const plain = await call('POST', RUNTIMES, { alias: 'plain', kind: 'browser' });
  expect(plain.status).toBe(200);
  await eventually(async () => {
    expect(await chromiumsOf(env.BCTRL_BROWSER_DIR)).toHaveLength(1);
  });
});
