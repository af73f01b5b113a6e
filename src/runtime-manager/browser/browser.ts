import { z } from 'zod';
import type { Logger } from 'pino';
import { openBrowserDirectory } from './browser-directory.ts';
import {
  launchChromium,
  type Chromium,
  type DebuggingEndpoint,
  type ProcessExit,
} from './chromium.ts';
import { chromiumFlags } from './flags.ts';

const CreatedTarget = z.object({ targetId: z.string() });
const TargetInfo = z.object({ targetInfo: z.object({ browserContextId: z.string() }) });
const Version = z.object({ product: z.string(), userAgent: z.string() });

/** What every browser of this machine is launched with. */
export interface BrowserSettings {
  executablePath: string;
  /** Where browsers have their directories. */
  root: string;
  /** The environment Chromium gets beside HOME and TMPDIR; nothing of the service's own. */
  env: Record<string, string>;
  sandbox: boolean;
  userAgent: string | undefined;
  launchTimeoutMs: number;
  log: Logger;
}

/** The default context and its first page, by their CDP ids. */
export interface DefaultPage {
  contextId: string;
  pageId: string;
}

/** A Chromium with a page open, in a directory of its own; all of it ends as one. */
export class Browser {
  readonly pid: number;
  readonly endpoint: DebuggingEndpoint;
  readonly defaultPage: DefaultPage;
  /** Settles once the processes *and* the directory are gone, whichever way the browser ended. */
  readonly exited: Promise<ProcessExit>;
  readonly #chromium: Chromium;

  constructor(chromium: Chromium, defaultPage: DefaultPage, release: () => Promise<void>) {
    this.#chromium = chromium;
    this.pid = chromium.pid;
    this.endpoint = chromium.endpoint;
    this.defaultPage = defaultPage;
    this.exited = chromium.exited.then(async (exit) => {
      await release();
      return exit;
    });
  }

  /** Ends the browser now and resolves when nothing of it is left. */
  async kill(): Promise<void> {
    this.#chromium.kill();
    await this.exited;
  }

  /** What the browser says of itself. */
  version(signal: AbortSignal): Promise<z.infer<typeof Version>> {
    return this.#chromium.pipe.send('Browser.getVersion', {}, Version, signal);
  }
}

/** Throws ChromiumLaunchError, or what `signal` aborts with; nothing is left behind then. */
export async function launchBrowser(
  settings: BrowserSettings,
  signal: AbortSignal,
): Promise<Browser> {
  await using stack = new AsyncDisposableStack();
  const timed = AbortSignal.any([signal, AbortSignal.timeout(settings.launchTimeoutMs)]);
  const directory = stack.use(await openBrowserDirectory(settings.root));
  const chromium = stack.use(
    await launchChromium(
      {
        executablePath: settings.executablePath,
        flags: chromiumFlags({ ...settings, userDataDir: directory.userDataDir }),
        env: { ...settings.env, HOME: directory.path, TMPDIR: directory.tmpDir },
      },
      timed,
    ),
  );
  const defaultPage = await openDefaultPage(chromium, timed);
  const owned = stack.move();
  return new Browser(chromium, defaultPage, async () => {
    try {
      await owned.disposeAsync();
    } catch (err) {
      settings.log.error({ err, directory: directory.path }, 'a browser could not be released');
    }
  });
}

async function openDefaultPage(chromium: Chromium, signal: AbortSignal): Promise<DefaultPage> {
  const { pipe } = chromium;
  const created = await pipe.send(
    'Target.createTarget',
    { url: 'about:blank' },
    CreatedTarget,
    signal,
  );
  const info = await pipe.send(
    'Target.getTargetInfo',
    { targetId: created.targetId },
    TargetInfo,
    signal,
  );
  return { contextId: info.targetInfo.browserContextId, pageId: created.targetId };
}
