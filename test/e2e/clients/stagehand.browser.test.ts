import { localBrowser, Stagehand } from '@browserbasehq/stagehand';
import { expect, onTestFinished } from 'vitest';
import { openCdp } from '../../support/cdp.ts';
import { modelStandIn } from '../../support/model-stand-in.ts';
import { openSite } from '../../support/site.ts';
import { test } from '../../support/test.ts';

test('Stagehand opens a page and acts on it', async ({ service, workspace }) => {
  const { id, connection } = await workspace.create({ driver: 'stagehand' });
  const browser = await localBrowser.connect({ cdpUrl: connection.cdpUrl });
  onTestFinished(() => browser.close());
  const stagehand = await Stagehand.create({
    browser,
    model: modelStandIn,
    logging: { level: 'error' },
  });
  const page = await browser.context.newPage();
  await page.goto(await openSite());
  const typed = await stagehand.act('type "Stagehand" into the name field');
  expect(typed.data).toMatchObject({ success: true, actions: [{ method: 'fill' }] });
  const clicked = await stagehand.act('click the Greet button');
  expect(clicked.data).toMatchObject({ success: true, actions: [{ method: 'click' }] });
  expect(await page.locator('#said').textContent()).toBe('Hello Stagehand');
  // Stagehand's websocket names only Node, so the driver stays the one that the runtime was created for.
  const { json } = await service.call('GET', `${workspace.runtimes}/${id}`);
  expect(json.summary.currentDriver).toBe('stagehand');
});

test("Stagehand's extension cannot read files of the machine", async ({ workspace }) => {
  const { connection } = await workspace.create();
  const browser = await localBrowser.connect({ cdpUrl: connection.cdpUrl });
  onTestFinished(() => browser.close());
  using client = await openCdp(connection.cdpUrl);
  const { targetInfos } = await client.send('Target.getTargets');
  const worker = (targetInfos as { type: string; targetId: string }[]).find(
    ({ type }) => type === 'service_worker',
  );
  const { sessionId } = await client.send('Target.attachToTarget', {
    targetId: worker?.targetId,
    flatten: true,
  });
  const evaluate = async (expression: string) => {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result } = await client.send('Runtime.evaluate', params, String(sessionId));
    return (result as { value: unknown }).value;
  };
  const read = 'fetch("file:///etc/passwd").then((r) => r.text()).catch(() => "refused")';
  expect(await evaluate(read)).toBe('refused');
  const tab = 'chrome.tabs.create({ url: "file:///etc/passwd" }).catch((e) => e.message)';
  expect(await evaluate(tab)).toMatch(/without local file access/);
  // The extension can send pages commands past the inspection; Chromium keeps those from files.
  for (const command of [
    '"DOM.setFileInputFiles", { nodeId: 1, files: ["/etc/passwd"] }',
    '"Page.setDownloadBehavior", { behavior: "allow", downloadPath: "/tmp" }',
    '"Browser.setDownloadBehavior", { behavior: "allow", downloadPath: "/tmp" }',
    '"SystemInfo.getInfo"',
  ]) {
    const send = `(async () => {
      const [{ id: tabId }] = await chrome.tabs.query({ url: 'about:blank' });
      await chrome.debugger.attach({ tabId }, '1.3').catch(() => undefined);
      return chrome.debugger.sendCommand({ tabId }, ${command}).then(() => 'done', (e) => e.message);
    })()`;
    expect(await evaluate(send), command).toMatch(/not allowed|wasn't found|browser-level/i);
  }
});
