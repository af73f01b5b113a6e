/**
 * A customer has the browser's whole protocol, uninspected, and no address is blocked: what a page
 * that holds a channel, an extension with `debugger` or a hole in the inspection would give. Only
 * the jail is left.
 */
import { once } from 'node:events';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Cdp } from '../support/cdp.ts';
import { processesOf } from '../support/processes.ts';
import { openGates, openUninspected } from '../support/uninspected.ts';

const SECRET = 'the-secret-of-the-service';

async function openPage({ send }: Cdp, url = 'about:blank', browserContextId?: string) {
  const { targetId } = await send('Target.createTarget', { url, browserContextId });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const session = String(sessionId);
  const evaluate = async (expression: string): Promise<unknown> => {
    const params = { expression, awaitPromise: true, returnByValue: true };
    const { result } = await send('Runtime.evaluate', params, session);
    return (result as { value: unknown }).value;
  };
  return { session, evaluate };
}

/** The names that the browser lists in a folder. */
async function namesIn(cdp: Cdp, path: string): Promise<string[]> {
  const { evaluate } = await openPage(cdp, `file://${path}`);
  await expect.poll(() => evaluate('document.readyState')).toBe('complete');
  const names = await evaluate(
    `[...document.querySelectorAll('a')].map((a) => a.textContent.trim().replace('/', '')).join()`,
  );
  return String(names)
    .split(',')
    .filter((name) => name !== '' && !name.startsWith('['));
}

const READ = `new Promise((tell) => {
  const [file] = document.querySelector('input').files;
  if (!file) return tell('no file');
  file.text().then(tell, (error) => tell('failed: ' + error));
})`;

/** What a page reads of a file that the client names to the browser. */
async function read(cdp: Cdp, path: string): Promise<unknown> {
  const { session, evaluate } = await openPage(cdp);
  await evaluate(`document.body.innerHTML = '<input type=file>'`);
  const { root } = await cdp.send('DOM.getDocument', {}, session);
  const { nodeId } = await cdp.send(
    'DOM.querySelector',
    { nodeId: (root as { nodeId: number }).nodeId, selector: 'input' },
    session,
  );
  await cdp
    .send('DOM.setFileInputFiles', { files: [path], nodeId }, session)
    .catch(() => undefined);
  return evaluate(READ);
}

test('the browser reads no files but its own and those of the system', async () => {
  const gates = await openGates();
  const key = join(gates.dataDir, 'encryption-key');
  await writeFile(key, SECRET, { mode: 0o600 });
  const shown = join(gates.dataDir, 'shown-to-all');
  await writeFile(shown, SECRET);
  await chmod(shown, 0o644);
  const { browser, cdp } = await openUninspected(gates);
  // The files of another runtime.
  const { browser: other } = await openUninspected(gates);
  await writeFile(join(other.directory.files.onHost, 'downloads/theirs'), SECRET);
  await writeFile(join(browser.directory.files.onHost, 'uploads/mine'), 'my own', { mode: 0o644 });

  expect(await read(cdp, '/runtime/files/uploads/mine')).toBe('my own');
  for (const path of [
    key,
    shown,
    join(other.directory.files.onHost, 'downloads/theirs'),
    `/proc/${process.pid}/environ`,
    `/proc/1/root${key}`,
    '/etc/shadow',
    '/etc/passwd',
  ]) {
    const found = String(await read(cdp, path));
    expect(found, path).not.toContain(SECRET);
    expect(found, path).not.toContain('root:');
  }

  const names = await namesIn(cdp, '/');
  expect(names).toContain('runtime');
  for (const name of ['home', 'root', 'run', 'srv', 'opt', 'mnt', 'work']) {
    expect(names).not.toContain(name);
  }
  // The jail has at most the machine's font cache in /var.
  if (!names.includes('var')) return;
  expect(await namesIn(cdp, '/var')).toEqual(['cache']);
  expect(await namesIn(cdp, '/var/cache')).toEqual(['fontconfig']);
});

test('the browser writes only into its own files', async () => {
  const gates = await openGates();
  const target = join(gates.dataDir, 'of-the-service');
  await mkdir(target, { mode: 0o777 });
  await chmod(target, 0o777);
  const { browser, cdp } = await openUninspected(gates);
  const uploads = join(browser.directory.files.onHost, 'uploads');
  for (const downloadPath of [target, '/etc', '/usr/bin', '/runtime/files/uploads', '/']) {
    await cdp.send('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath });
    const { evaluate } = await openPage(cdp);
    await evaluate(`document.body.innerHTML = '<a download="left.txt" href="data:,x">a</a>';
      document.querySelector('a').click()`);
    await evaluate('new Promise((resolve) => setTimeout(resolve, 300))');
  }
  expect(await readdir(target)).toEqual([]);
  expect(await readdir(uploads)).toEqual([]);
  const files = browser.directory.files.onHost;
  await cdp.send('Browser.setDownloadBehavior', {
    behavior: 'allow',
    downloadPath: '/runtime/files/downloads',
  });
  const { evaluate } = await openPage(cdp);
  await evaluate(`document.body.innerHTML = '<a download="kept.txt" href="data:,x">a</a>';
    document.querySelector('a').click()`);
  await expect.poll(() => readdir(join(files, 'downloads'))).toEqual(['kept.txt']);
});

test('the browser reaches addresses only through its forwarder', async () => {
  const gates = await openGates();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('reached');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  const host = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const { cdp } = await openUninspected(gates, { deny: ['*'] });

  for (const [at, params] of [
    {},
    { proxyServer: 'direct://' },
    { proxyServer: `http://${host}` },
    { proxyServer: `socks5://${host}`, proxyBypassList: '*' },
    { proxyBypassList: '<local>;127.0.0.1' },
  ].entries()) {
    const { browserContextId } = await cdp.send('Target.createBrowserContext', params);
    const { evaluate } = await openPage(cdp, `http://${host}/${at}`, String(browserContextId));
    await evaluate(`Promise.race([
      fetch('http://${host}/fetch-${at}', { mode: 'no-cors' }).catch(() => 0),
      new Promise((resolve) => setTimeout(resolve, 3000)),
    ])`);
  }
  expect(asked).toEqual([]);
});

test('the browser sees no other process, and leaves nothing behind', async () => {
  const gates = await openGates();
  const { roots } = gates.settings;
  const { browser, cdp } = await openUninspected(gates);
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo');
  const pids = (processInfo as { id: number }[]).map(({ id }) => id);
  expect(pids).toContain(2);
  expect(Math.max(...pids)).toBeLessThan(1000);
  await browser.kill();
  await expect.poll(() => processesOf(roots.root)).toEqual([]);
  // Stagehand's extension stays: the service unpacked it for all its browsers.
  const left = await Promise.all(Object.values(roots).map((root) => readdir(root)));
  expect(left.flat().filter((name) => name !== 'stagehand')).toEqual([]);
});

test('the pages of the browser reach no port in its jail', async () => {
  const { browser, cdp } = await openUninspected(await openGates());
  const { session, evaluate } = await openPage(cdp);
  // The first port of the forwarder in the jail.
  const forwarderPort = 3128;
  for (const host of ['127.0.0.1', 'localhost', '[::1]', 'forwarder.invalid']) {
    for (const port of [browser.endpoint.port, forwarderPort, forwarderPort + 1]) {
      const url = `http://${host}:${port}/json/version`;
      const { errorText } = await cdp.send('Page.navigate', { url }, session);
      expect(errorText, url).toMatch(/^net::ERR_(?:CONNECTION_REFUSED|CONNECTION_RESET)$/);
    }
  }
  const socket = `new Promise((r) => { const s = new WebSocket('ws://127.0.0.1:${browser.endpoint.port}${browser.endpoint.path}');
     s.onopen = () => r('open'); s.onclose = () => r('closed'); })`;
  expect(await evaluate(socket)).toBe('closed');
  // The way through the forwarder still works.
  const site = createServer((_, response) => response.end('reached'));
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  onTestFinished(() => void site.close());
  const { port } = site.address() as AddressInfo;
  const { errorText } = await cdp.send(
    'Page.navigate',
    { url: `http://127.0.0.1:${port}/` },
    session,
  );
  expect(errorText).toBeUndefined();
});
