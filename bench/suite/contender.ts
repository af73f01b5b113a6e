import { openClient, type Client, type Page } from './cdp-client.ts';

/** One way to get a browser: from the service, or by launching Chromium. */
export interface Contender {
  name: string;
  open: () => Promise<OpenedBrowser>;
}

export interface OpenedBrowser {
  cdpUrl: string;
  /** The page that the browser comes with, if whoever opened it knows. */
  pageId: string | undefined;
  /** Resolves when nothing of it is left. */
  end: () => Promise<void>;
}

/**
 * The page that a runtime comes with, or a new one, as programs open it in a browser that they
 * launched themselves; `1+1` has been evaluated in it.
 */
export async function usePage({ cdpUrl, pageId }: OpenedBrowser): Promise<Page> {
  const client = await openClient(cdpUrl);
  const page = await client.attach(pageId ?? (await createPage(client)));
  await page.evaluate();
  return page;
}

/** Keeps a browser, its page used and the client attached, until the stack is disposed of. */
export async function hold(held: AsyncDisposableStack, opened: OpenedBrowser): Promise<Page> {
  held.defer(() => opened.end());
  return held.use(await usePage(opened));
}

async function createPage(client: Client): Promise<string> {
  const { targetId } = await client.send('Target.createTarget', { url: 'about:blank' });
  return String(targetId);
}

/** From nothing to a page that was used and back. Resolves with the milliseconds to the used page. */
export async function cycle(contender: Contender): Promise<number> {
  const began = performance.now();
  const opened = await contender.open();
  try {
    using _ = await usePage(opened);
    return performance.now() - began;
  } finally {
    await opened.end();
  }
}
