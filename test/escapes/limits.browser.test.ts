/** One browser takes all the processes, memory or disk it can get. The others go on. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { expect, onTestFinished, test } from 'vitest';
import { openTestService } from '../support/service.ts';
import { createWorkspace, type TestWorkspace } from '../support/test.ts';
import { openGates, openUninspected, runInside } from '../support/uninspected.ts';
import { openSite } from '../support/site.ts';

const DISK_BYTES = 96 * 1024 ** 2;
const isRoot = process.getuid?.() === 0;

/** Asserts that another browser comes up and answers. */
async function expectOthersGoOn(workspace: TestWorkspace): Promise<void> {
  const { id, connection } = await workspace.create();
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  const page = await browser.newPage();
  expect(await page.evaluate('6 * 7')).toBe(42);
  await browser.disconnect();
  await workspace.stop(id);
}

// Only root, or whoever was given a control group, can create one.
test.runIf(isRoot)('a fork bomb ends with its own jail', async () => {
  const gates = await openGates();
  await using service = await openTestService();
  const workspace = await createWorkspace(service);
  const bomb = runInside(gates, 'bomb() { bomb | bomb & }; bomb; sleep 3; echo over');
  await expectOthersGoOn(workspace);
  expect(await bomb).toMatch(/[Cc]annot fork|Resource temporarily unavailable/);
});

test.runIf(isRoot)('a browser that takes too much memory ends alone', async () => {
  const gates = await openGates();
  await using service = await openTestService();
  const workspace = await createWorkspace(service);
  const bomb = runInside(
    gates,
    `perl -e '$all .= "x" x 1048576 for 1 .. 4096; print "took it all\\n"'; echo "ended $?"`,
  );
  await expectOthersGoOn(workspace);
  const said = await bomb;
  expect(said).not.toContain('took it all');
  expect(said).toMatch(/ended 137|^$/);
});

test('the files that a browser keeps in memory have a size limit', async () => {
  const gates = await openGates();
  await openUninspected(gates);
  const said = await runInside(
    gates,
    `head -c 400M /dev/zero > /runtime/fill; wc -c < /runtime/fill
     head -c 400M /dev/zero > /tmp/fill; wc -c < /tmp/fill`,
  );
  expect(said).toContain('No space left on device');
  for (const [size] of said.matchAll(/^\d+$/gm)) expect(Number(size)).toBeLessThan(300 * 1024 ** 2);
});

/** Writes until a write fails or the page is gone. */
const FILL = `(async () => {
  const folder = await navigator.storage.getDirectory();
  const chunk = new Uint8Array(8 * 1024 * 1024).map(() => Math.random() * 256);
  for (let n = 0; n < 100; n++) {
    const file = await folder.getFileHandle('fill-' + n, { create: true });
    const stream = await file.createWritable();
    await stream.write(chunk);
    await stream.close();
  }
  return 'wrote it all';
})().catch((error) => error.name)`;

test('a page that fills the disk of an ephemeral browser gets an error', async () => {
  await using service = await openTestService({ runtimeLimits: { diskBytes: DISK_BYTES } });
  const workspace = await createWorkspace(service);
  const { connection } = await workspace.create();
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  onTestFinished(() => browser.disconnect());
  const page = await browser.newPage();
  await page.goto(await openSite('<p>fill</p>'));
  // The page meets one of two errors first: a write without room, or a writer that the full disk ended.
  expect(await page.evaluate(FILL)).toMatch(
    /^(QuotaExceededError|InvalidStateError|UnknownError|AbortError)$/,
  );
  await expectOthersGoOn(workspace);
});

test("a page that fills a profile's disk ends its runtime with `runtime.disk_limit`", async () => {
  await using service = await openTestService({ runtimeLimits: { diskBytes: DISK_BYTES } });
  const workspace = await createWorkspace(service);
  const made = await service.call('POST', '/v1/browser-profiles', { name: 'full' });
  const { id, connection } = await workspace.create({
    launch: { mode: 'profile', profileId: made.json.id },
  });
  const browser = await puppeteer.connect({ browserWSEndpoint: connection.cdpUrl });
  const page = await browser.newPage();
  await page.goto(await openSite('<p>fill</p>'));
  const files = () => readdir(join(service.dataDir, 'files'));
  const row = await service.database.db.query.runtimes.findFirst({
    where: (runtimes, { eq }) => eq(runtimes.id, id),
  });
  expect(await files()).toContain(row?.browserDirectory);
  page.evaluate(FILL).catch(() => undefined);
  await expect
    .poll(async () => (await service.call('GET', `${workspace.runtimes}/${id}`)).json, {
      timeout: 60_000,
    })
    .toMatchObject({ status: 'failed', failure: { code: 'runtime.disk_limit' } });
  await expectOthersGoOn(workspace);
  await expect.poll(files).not.toContain(row?.browserDirectory);
});
