/** An extension with `debugger` speaks the browser's protocol past the inspection. */
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { marker } from '../support/packages.ts';
import { openSite } from '../support/site.ts';
import { test } from '../support/test.ts';
import { openGates, openUninspected, type OpenGates } from '../support/uninspected.ts';

const REFUSED = ['debugger', 'proxy', 'privacy', 'management', 'downloads.open', 'futureThing'];

test.for(['permissions', 'optional_permissions'])(
  'an extension whose %s lead past the inspection is refused',
  async (field, { service }) => {
    for (const permission of REFUSED) {
      const body = new FormData();
      const content = await marker('Asker', { [field]: [permission] });
      body.set('file', new Blob([new Uint8Array(content)]), 'package.zip');
      const answer = await fetch(`${service.url}/v1/browser-extensions/upload`, {
        method: 'POST',
        headers: { authorization: `Bearer ${service.apiKey}` },
        body,
      });
      expect(answer.status, permission).toBe(400);
      expect(await answer.text()).toContain(permission);
    }
  },
);

/** Runs in the worker of an extension: gives a page a file of the machine, and returns what the page reads. */
const READ = (site: string, file: string) => `(async () => {
  const find = async () => (await chrome.tabs.query({})).find(({ url }) => url === '${site}');
  while (!(await find())) await new Promise((resolve) => setTimeout(resolve, 50));
  const target = { tabId: (await find()).id };
  await chrome.debugger.attach(target, '1.3');
  const send = (method, params) => chrome.debugger.sendCommand(target, method, params);
  const { root } = await send('DOM.getDocument');
  const { nodeId } = await send('DOM.querySelector', { nodeId: root.nodeId, selector: 'input' });
  const refused = await send('DOM.setFileInputFiles', { nodeId, files: ['${file}'] }).then(
    () => '',
    (error) => error.message,
  );
  const read = await send('Runtime.evaluate', {
    expression: "document.querySelector('input').files[0]?.text().catch(String) ?? 'no file'",
    awaitPromise: true,
    returnByValue: true,
  });
  await chrome.debugger.detach(target);
  return refused + read.result.value;
})().catch(String)`;

/** Opens a browser with the extension, and the page that its worker attacks from. */
async function openWithExtension(gates: OpenGates, from: 'its own place' | 'elsewhere') {
  const { browser, cdp } = await openUninspected(gates);
  const { stagehandExtension, indexedExtensions, files } = browser.directory;
  await writeFile(join(files.onHost, 'uploads/mine'), 'my own', { mode: 0o644 });
  // An extension may read files if the browser was not told its path at the start.
  const elsewhere = join(indexedExtensions.path, 'elsewhere');
  await cp(stagehandExtension.path, elsewhere, { recursive: true });
  const path =
    from === 'elsewhere' ? `${indexedExtensions.seen}/elsewhere` : stagehandExtension.seen;
  const { id } = await cdp.send('Extensions.loadUnpacked', { path });
  /** A worker that has just started may not answer, or may not have `chrome.debugger` yet. */
  const evaluate = async (expression: string): Promise<string> => {
    const { targetInfos } = (await cdp.send('Target.getTargets', { filter: [{}] })) as {
      targetInfos: { type: string; url: string; targetId: string }[];
    };
    const worker = targetInfos.find(
      ({ type, url }) => type === 'service_worker' && url.includes(String(id)),
    );
    const to = { targetId: worker?.targetId, flatten: true };
    const { sessionId } = await cdp.send('Target.attachToTarget', to);
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result } = await cdp.send('Runtime.evaluate', params, String(sessionId));
    return String((result as { value: unknown }).value);
  };
  const kind = () =>
    Promise.race([evaluate('typeof chrome.debugger').catch(() => 'none'), delay(1000, 'late')]);
  await expect.poll(kind).toBe('object');
  const site = await openSite('<input type=file>');
  await cdp.send('Target.createTarget', { url: site });
  return (file: string) => evaluate(READ(site, file));
}

const OWN = '/runtime/files/uploads/mine';

test("Stagehand's own extension, which has `debugger`, reads no files at all", async () => {
  const gates = await openGates();
  const read = await openWithExtension(gates, 'its own place');
  for (const file of [OWN, '/etc/os-release', '/etc/ssl/openssl.cnf']) {
    expect(await read(file), file).toMatch(/Not allowed.*no file$/);
  }
});

test('an extension that may read files reads only those of its jail', async () => {
  const gates = await openGates();
  const key = join(gates.dataDir, 'encryption-key');
  await writeFile(key, 'the-secret-of-the-service', { mode: 0o644 });
  const read = await openWithExtension(gates, 'elsewhere');
  expect(await read(OWN)).toBe('my own');
  expect(await read(key)).not.toContain('the-secret');
  expect(await read('/etc/shadow')).not.toContain('root:');
  expect(await read(`/proc/${process.pid}/environ`)).not.toContain('PATH=');
});
