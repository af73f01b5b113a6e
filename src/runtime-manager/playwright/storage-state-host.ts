/**
 * The process that reads or writes the state of a browser in the form that Playwright's
 * `storageState` has. The process takes its task in one message, answers in another, and ends.
 */
import { chromium, type BrowserContext } from 'playwright-core';
import { z } from 'zod';
import { GivenStorageState } from '../profiles/storage-state.ts';
import { onTask } from './helper-task.ts';

const Task = z.object({
  cdpUrl: z.string(),
  /** The origins that may have stored something. */
  origins: z.array(z.string()),
  /** The state to write; without it the state is read. */
  state: GivenStorageState.optional(),
});

async function perform({ cdpUrl, origins, state }: z.infer<typeof Task>): Promise<object> {
  const browser = await chromium.connectOverCDP(cdpUrl);
  const [context] = browser.contexts();
  if (!context) throw new Error('the browser has no default context');
  if (state) return write(context, state);
  await visit(context, origins);
  return { state: await context.storageState({ indexedDB: true }) };
}

/** `refused`: the path of the part that Chromium does not take. */
async function write(
  context: BrowserContext,
  { cookies, origins }: GivenStorageState,
): Promise<{ refused?: string | undefined }> {
  // This replaces all state that is there, cookies too, so it comes first.
  const ofOrigins = await refusedOf('origins', origins, (some) =>
    context.setStorageState({ cookies: [], origins: some }),
  );
  if (ofOrigins !== undefined) return { refused: ofOrigins };
  return { refused: await refusedOf('cookies', cookies, (some) => context.addCookies(some)) };
}

/** All are written, or none, without a word on which was refused: then each is tried alone. */
async function refusedOf<T>(
  field: string,
  all: T[],
  writeThese: (some: T[]) => Promise<void>,
): Promise<string | undefined> {
  const takes = (some: T[]) =>
    writeThese(some).then(
      () => true,
      () => false,
    );
  if (await takes(all)) return undefined;
  for (const [at, one] of all.entries()) if (!(await takes([one]))) return `${field}.${at}`;
  return field;
}

/** Visits origins, since Playwright reads the storage only of those; the network is not asked. */
async function visit(context: BrowserContext, origins: string[]): Promise<void> {
  const page = await context.newPage();
  await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
  // An origin that cannot be opened (a port that Chromium blocks) does not keep back the others.
  for (const origin of origins) await page.goto(origin).catch(() => undefined);
}

onTask((task) => perform(Task.parse(task)));
