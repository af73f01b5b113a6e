import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { processesOf } from '../../test/support/processes.ts';

const USER_DATA_DIR = /--user-data-dir=([^\0]+)/;

/** A browser of the service, around the service. */
export interface LocalBrowser {
  /** What it keeps, and nothing of other browsers, is below. */
  directory: string;
  /** Its own debugging port. */
  cdpUrl: string;
}

/** The browser that has the page. Throws when none on this machine does. */
export async function findBrowserOf(pageId: string): Promise<LocalBrowser> {
  for (const { command } of await processesOf('--remote-debugging-pipe')) {
    const userDataDir = USER_DATA_DIR.exec(command)?.[1];
    if (userDataDir === undefined || command.includes('--type=')) continue;
    // Chromium writes its port and path there: https://chromedevtools.github.io/devtools-protocol/
    const noted = await readFile(`${userDataDir}/DevToolsActivePort`, 'utf8').catch(() => '');
    const [port, path] = noted.split('\n');
    if (path === undefined || !(await hasPage(Number(port), pageId))) continue;
    return { directory: dirname(userDataDir), cdpUrl: `ws://127.0.0.1:${port}${path}` };
  }
  throw new Error(`no browser has the page ${pageId}`);
}

async function hasPage(port: number, pageId: string): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/json/list`).catch(() => undefined);
  return (await answer?.text())?.includes(pageId) ?? false;
}
