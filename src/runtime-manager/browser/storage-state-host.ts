/**
 * The process that reads or writes the state of a browser in the form that Playwright's
 * `storageState` has. It is told what to do in one message, answers in one, and ends.
 */
import { chromium, type BrowserContext } from 'playwright-core';
import { z } from 'zod';
import { StorageState } from '../profiles/storage-state.ts';

const Task = z.object({
  cdpUrl: z.string(),
  /** Where something may be kept. */
  origins: z.array(z.string()),
  /** What is to be written; without it the state is read. */
  state: StorageState.optional(),
});

async function perform({ cdpUrl, origins, state }: z.infer<typeof Task>): Promise<unknown> {
  const browser = await chromium.connectOverCDP(cdpUrl);
  const [context] = browser.contexts();
  if (!context) throw new Error('the browser has no default context');
  if (state) {
    await context.setStorageState(state);
    return undefined;
  }
  await visit(context, origins);
  return context.storageState({ indexedDB: true });
}

/** Playwright reads the storage of origins that it has seen; nothing is asked of the network. */
async function visit(context: BrowserContext, origins: string[]): Promise<void> {
  const page = await context.newPage();
  await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
  // One that cannot be opened (a port that Chromium blocks) keeps nothing of the others back.
  for (const origin of origins) await page.goto(origin).catch(() => undefined);
}

process.once('disconnect', () => process.exit(0));
process.once('message', (message) => {
  perform(Task.parse(message)).then(
    (state) => process.send?.({ state }, () => process.exit(0)),
    (error: unknown) => process.send?.({ error: String(error) }, () => process.exit(1)),
  );
});
