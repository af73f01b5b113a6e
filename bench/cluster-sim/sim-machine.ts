import { setTimeout as sleep } from 'node:timers/promises';
import type {
  BrowserMachine,
  MachineBrowser,
  ReadyBrowser,
} from '../../src/runtime-manager/machine/browser-machine.ts';
import { Languages } from '../../src/runtime-manager/runtime/languages.ts';
import { FakeBrowser } from '../../test/support/fake-machine.ts';

/** How long a machine takes to hand a ready browser out. */
const TAKE_MS = 3;

/** A machine that always has ready browsers, which do nothing. */
export class SimMachine implements BrowserMachine {
  readonly id: string;
  readonly languages = new Languages(['en']);
  readonly hasWebDriver = true;
  readonly warmBrowsers = 8;
  readonly state = {
    launching: 0,
    memory: { freeBytes: 8e9, floorBytes: 1e9, browserBytes: 0 },
    launches: { perMinute: 0, failedPerMinute: 0, p50Ms: TAKE_MS, p95Ms: TAKE_MS },
  };

  constructor(id: string) {
    this.id = id;
  }

  async launch(): Promise<MachineBrowser> {
    await sleep(TAKE_MS);
    return new SimBrowser();
  }

  async takeReady(): Promise<ReadyBrowser> {
    await sleep(TAKE_MS);
    return { browser: new SimBrowser(), giveBack: () => undefined };
  }

  async halt(): Promise<void> {
    // Nothing runs.
  }

  resume(): void {
    // Nothing runs.
  }

  keepWarm(): void {
    // They are always ready.
  }

  anticipate(): void {
    // They are all well.
  }

  async checkRoute(): Promise<void> {
    // There is no proxy.
  }

  async isLaunchable(): Promise<boolean> {
    return true;
  }

  hasMemory(): boolean {
    return true;
  }
}

/** Exits as soon as it is told to. */
class SimBrowser extends FakeBrowser {
  override async kill(): Promise<void> {
    this.exit();
  }

  override async close(): Promise<void> {
    this.exit();
  }
}
