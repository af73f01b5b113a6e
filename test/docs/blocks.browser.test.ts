import { dirname } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { insertOrganization } from '../../src/db/queries/organizations.ts';
import { findExecutable } from '../../src/runtime-manager/browser/install/find-executable.ts';
import { SCOPES } from '../../src/runtime-manager/runtime/index.ts';
import { commandEnvironment } from '../support/command-line.ts';
import { DocumentedCommands } from '../support/documented-commands.ts';
import { caller } from '../support/http.ts';
import { addKey } from '../support/keys.ts';
import { blocksOf, isRun, readPages, type Block } from '../support/pages.ts';
import { listenAsSocksProxy } from '../support/proxy-servers.ts';
import { serveSite } from '../support/site.ts';
import { test } from '../support/test.ts';
import type { TestService } from '../support/service.ts';

const SITE = `<!doctype html><title>Example Domain</title><h1>Example Domain</h1>
<a href="/more">More information</a> <a href="/report.csv" download>Report</a>`;

const pages = (await readPages())
  .map((page) => ({ path: page.path, blocks: blocksOf(page).filter(isRun) }))
  .filter(({ blocks }) => blocks.length > 0);

test.for(pages)('the commands of $path do what they say', async (page, { service, skip }) => {
  const { path, blocks } = page;
  const missing = await missingProgram(blocks);
  skip(missing !== undefined, `${missing} is not installed`);
  const withStandIns = await openStandIns(service);
  const commands = await DocumentedCommands.open(await openOrganization(path, service));
  const all = blocks.map(({ text }) => text).join('\n');
  const isOfFirst = /runtimes\/first|"runtime": ?"first"/.test(all);
  if (isOfFirst && !all.includes('"alias":"first"')) await createFirst(commands.env);
  for (const block of blocks) {
    const printed = await commands
      .run({ ...block, text: withStandIns(block.text) })
      .catch((error: unknown) => expect.unreachable(`${block.place}: ${String(error)}`));
    for (const [, words = ''] of block.text.matchAll(/(?:\/\/|#) prints (.+)$/gm)) {
      expect(printed, block.place).toContain(words);
    }
  }
});

/** What a page needs that not every machine has. */
async function missingProgram(blocks: Block[]): Promise<string | undefined> {
  const needed = [
    ...(blocks.some(({ language }) => language === 'python') ? ['python3'] : []),
    ...(blocks.some(({ text }) => /\bzip -/.test(text)) ? ['zip'] : []),
  ];
  for (const program of needed) {
    if ((await findExecutable([program], process.env['PATH'] ?? '')) === undefined) return program;
  }
  return undefined;
}

/** An organization of the page's own, so that no page finds what another one made, and how to reach it. */
async function openOrganization(path: string, { database, dataDir, url }: TestService) {
  const { id } = await insertOrganization(database.db, path);
  const key = await addKey(database, { scopes: SCOPES }, id);
  const call = caller(url, key);
  await call('POST', '/v1/workspaces', { name: 'default' });
  onTestFinished(async () => {
    await call('DELETE', '/v1/workspaces/default?force=true');
  });
  const env = await commandEnvironment(database);
  const PATH = `${dirname(process.execPath)}:${env.PATH}`;
  return { ...env, PATH, BCTRL_DATA_DIR: dataDir, BCTRL_URL: url, BCTRL_API_KEY: key };
}

/** The runtime of which most pages speak. */
async function createFirst({ BCTRL_URL: url = '', BCTRL_API_KEY: key }: Record<string, string>) {
  const body = { alias: 'first', kind: 'browser' };
  const created = await caller(url, key)('POST', '/v1/workspaces/default/runtimes', body);
  expect(created, created.text).toMatchObject({ status: 200 });
}

/** What stands for the hosts of the examples, which belong to others. */
async function openStandIns({ url }: TestService) {
  const site = await serveSite((request, response) => {
    const isFile = request.url === '/report.csv';
    response.setHeader('content-type', isFile ? 'text/csv' : 'text/html');
    response.end(isFile ? 'a,b\n' : SITE);
  });
  const proxy = await listenAsSocksProxy({ username: 'user', password: 'secret' });
  onTestFinished(() => proxy[Symbol.dispose]());
  return (text: string) =>
    text
      .replaceAll('http://127.0.0.1:8787', url)
      .replaceAll('https://example.com', new URL(site).origin)
      .replaceAll('"proxy.example.com", "port": 1080', `"127.0.0.1", "port": ${proxy.port}`);
}
