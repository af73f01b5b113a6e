import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { chromiumsOf, processesOf, type Process } from '../../test/support/processes.ts';

const VARIABLE = 'BCTRL_BROWSER_DIRECTORY=';
const USER_DATA_DIR = /--user-data-dir=([^\0]+)/;

/** A browser of the service, around the service. */
export interface LocalBrowser {
  /** What belongs to it, and nothing of other browsers, names this. */
  directory: string;
  /** Its own debugging port, which only a browser without a jail lets be reached. */
  cdpUrl: string;
}

/** The browser that has the page. Throws when none on this machine does. */
export async function findBrowserOf(pageId: string): Promise<LocalBrowser> {
  const all = new Map((await processesOf(VARIABLE)).map((one) => [one.pid, one]));
  for (const browser of await chromiumsOf(VARIABLE)) {
    const userDataDir = USER_DATA_DIR.exec(browser.command)?.[1];
    // Chromium writes its port and path there: https://chromedevtools.github.io/devtools-protocol/
    const file = `/proc/${browser.pid}/root${userDataDir}/DevToolsActivePort`;
    const [port, path] = (await readFile(file, 'utf8').catch(() => '')).split('\n');
    if (path === undefined || !(await hasPage(browser, Number(port), pageId))) continue;
    return { directory: directoryOf(browser, all), cdpUrl: `ws://127.0.0.1:${port}${path}` };
  }
  throw new Error(`no browser has the page ${pageId}`);
}

function directoryOf(process: Process, all: ReadonlyMap<number, Process>): string {
  const [, named] = process.command.split(VARIABLE);
  if (named !== undefined) return named.split('\0', 1)[0] ?? '';
  const parent = all.get(process.parent);
  if (!parent) throw new Error('a browser has no directory');
  return directoryOf(parent, all);
}

/** Asked in the network that the browser is in. */
async function hasPage({ pid }: Process, port: number, pageId: string): Promise<boolean> {
  const asRoot = process.getuid?.() === 0;
  const user = asRoot ? [] : ['--user', '--preserve-credentials'];
  const ask = `fetch('http://127.0.0.1:${port}/json/list').then(async (r) => console.log(await r.text()))`;
  const args = ['--target', String(pid), '--net', ...user, process.execPath, '-e', ask];
  const answer = await promisify(execFile)('nsenter', args).catch(() => ({ stdout: '' }));
  return answer.stdout.includes(pageId);
}
