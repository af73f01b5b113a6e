import { z } from 'zod';
import type { Logger } from 'pino';
import { openBrowserDirectory, type BrowserDirectory } from './browser-directory.ts';
import {
  launchChromium,
  type Chromium,
  type DebuggingEndpoint,
  type ProcessExit,
} from './chromium.ts';
import { chromiumFlags } from './flags.ts';
import { writePreferences } from './preferences.ts';
import { STAGEHAND_EXTENSION } from './stagehand-extension.ts';

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
  readonly directory: BrowserDirectory;
  readonly #chromium: Chromium;
  readonly #owned: AsyncDisposableStack;

  /** `owned` has all that ends with the browser; `log` gets what could not be ended. */
  constructor(
    chromium: Chromium,
    directory: BrowserDirectory,
    defaultPage: DefaultPage,
    owned: AsyncDisposableStack,
    log: Logger,
  ) {
    this.#chromium = chromium;
    this.#owned = owned;
    this.directory = directory;
    this.pid = chromium.pid;
    this.endpoint = chromium.endpoint;
    this.defaultPage = defaultPage;
    this.exited = chromium.exited.then(async (exit) => {
      try {
        await owned.disposeAsync();
      } catch (err) {
        log.error({ err, directory: directory.path }, 'a browser could not be released');
      }
      return exit;
    });
  }

  /** Makes something end with the browser, before its processes and its directory do. */
  own<T extends AsyncDisposable>(resource: T): T {
    return this.#owned.use(resource);
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
  await writePreferences(directory.userDataDir, [STAGEHAND_EXTENSION]);
  const chromium = stack.use(
    await launchChromium(
      {
        executablePath: settings.executablePath,
        flags: chromiumFlags({ ...settings, userDataDir: directory.userDataDir }),
        env: { ...settings.env, ...directory.env },
      },
      timed,
    ),
  );
  const defaultPage = await openDefaultPage(chromium, timed);
  return new Browser(chromium, directory, defaultPage, stack.move(), settings.log);
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
