import { ClientTabs } from '../../src/runtime-manager/connections/cdp/client-tabs.ts';
import { TabClosings } from '../../src/runtime-manager/connections/cdp/tab-closings.ts';
import { Control } from '../../src/runtime-manager/control/control.ts';
import { Languages } from '../../src/runtime-manager/runtime/languages.ts';
import type {
  BrowserExit,
  BrowserMachine,
  LaunchSpec,
  MachineBrowser,
  ReadyBrowser,
  UsedProfile,
} from '../../src/runtime-manager/machine/browser-machine.ts';
import type { Route } from '../../src/runtime-manager/egress/route.ts';
import type { MachineState } from '../../src/runtime-manager/machine/machine-state.ts';
import { NO_USAGE } from '../../src/runtime-manager/runtime/index.ts';

const ARCHIVE = { key: 'profiles/x/y.tar.zst', sizeBytes: 1, sha256: 's' };

/** A browser that does what the test says. */
export class FakeBrowser implements MachineBrowser {
  /** What was done to it, in order. */
  readonly done: string[] = [];
  readonly directory = 'd';
  readonly extensions = [];
  readonly routes: Route[] = [];
  readonly #gone = Promise.withResolvers<BrowserExit>();
  readonly exited = this.#gone.promise;
  readonly profile: UsedProfile | undefined;
  readonly endpoints = {
    humanizer: undefined,
    control: new Control(),
    clientTabs: new ClientTabs(),
    tabClosings: new TabClosings(),
    judge: () => ({ pass: true }) as const,
    repeatEmulation: () => undefined,
    connect: async () => undefined,
    answer: async () => new Response(),
    isInSession: () => false,
    startHelper: () => Promise.reject(new Error('there are no helpers')),
  };
  readonly pages = {
    contextId: 'c',
    defaultPageId: 'p',
    areWell: true,
    discover: async () => undefined,
    follow: () => undefined,
    followDocuments: () => Promise.reject(new Error('there are no documents')),
    tabs: [],
    onTabs: () => ({ [Symbol.dispose]: () => undefined }),
    attach: () => Promise.reject(new Error('there are no pages')),
    open: () => Promise.reject(new Error('there are no pages')),
    close: async () => undefined,
    refresh: async () => undefined,
    setObserved: () => undefined,
    windowOf: async () => 1,
  };
  readonly downloads = {
    follow: () => ({ [Symbol.dispose]: () => undefined }),
    cancel: async () => undefined,
  };
  readonly forwarder = {
    usage: NO_USAGE,
    setRoute: (route: Route) => void this.routes.push(route),
    onFailure: () => undefined,
  };
  readonly uploads = { add: () => Promise.reject(new Error('there is no folder')) };
  readonly transfers = {
    hasDownloads: false,
    isUploading: () => false,
    isDownloading: async () => false,
  };

  constructor({ hasProfile }: { hasProfile: boolean } = { hasProfile: false }) {
    this.profile = hasProfile
      ? {
          checkpoint: async () => ARCHIVE,
          save: async () => {
            this.done.push('save');
            return ARCHIVE;
          },
          release: async () => void this.done.push('release'),
        }
      : undefined;
  }

  /** The browser exits, and all its processes. */
  exit(exit: Partial<BrowserExit> = {}): void {
    this.#gone.resolve({ code: 0, signal: null, killedFor: undefined, ...exit });
  }

  async close(): Promise<void> {
    this.done.push('close');
    await this.exited;
  }

  async kill(): Promise<void> {
    this.done.push('kill');
    await this.exited;
  }

  async yieldEncoders(): Promise<void> {
    this.done.push('yieldEncoders');
  }
}

/** A launch that the test carries out. */
export interface FakeLaunch {
  spec: LaunchSpec;
  /** Aborts when the launch is to be given up; the test has to end it. */
  signal: AbortSignal;
  come: (browser?: FakeBrowser) => FakeBrowser;
  fail: (error: unknown) => void;
}

/** A machine whose launches and proxies the test controls. */
export class FakeMachine implements BrowserMachine {
  readonly id = 'a machine';
  readonly languages = new Languages(['en', 'de']);
  readonly hasWebDriver = true;
  readonly launches: FakeLaunch[] = [];
  readonly ready: FakeBrowser[] = [];
  readonly givenBack: FakeBrowser[] = [];
  /** Whether an aborted launch rejects by itself, with the reason of the abort. */
  obeys = true;
  checkRoute = async (_route: Route, _signal: AbortSignal): Promise<void> => undefined;

  launch(spec: LaunchSpec, signal: AbortSignal): Promise<MachineBrowser> {
    const { promise, resolve, reject } = Promise.withResolvers<MachineBrowser>();
    signal.addEventListener('abort', () => this.obeys && reject(signal.reason));
    const hasProfile = spec.profile !== undefined;
    const come = (browser = new FakeBrowser({ hasProfile })) => {
      resolve(browser);
      return browser;
    };
    this.launches.push({ spec, signal, come, fail: reject });
    return promise;
  }

  get warmBrowsers(): number {
    return this.ready.length;
  }

  /** The last wish. */
  isKeptWarm = true;

  keepWarm(isWanted: boolean): void {
    this.isKeptWarm = isWanted;
  }

  get state(): MachineState {
    return {
      launching: this.launches.length,
      memory: { freeBytes: 3e9, floorBytes: 1e9, browserBytes: 0 },
      launches: { perMinute: 0, failedPerMinute: 0, p50Ms: 0, p95Ms: 0 },
    };
  }

  async takeReady(): Promise<ReadyBrowser | undefined> {
    const browser = this.ready.shift();
    return browser && { browser, giveBack: () => void this.givenBack.push(browser) };
  }

  anticipate(): void {
    // There is nothing to ask.
  }

  async halt(): Promise<void> {
    // Nothing is launched but by the test.
  }

  resume(): void {
    // It launches as before.
  }

  async isLaunchable(): Promise<boolean> {
    return true;
  }

  hasMemory(): boolean {
    return true;
  }
}
