import { z } from 'zod';
import { CdpGate } from '../../connections/cdp/cdp-gate.ts';
import { RuntimeError } from '../../errors.ts';
import { startPlaywright } from '../../playwright/process.ts';
import type { Archive } from '../../profiles/profile.ts';
import { packInto } from '../../profiles/profiles.ts';
import { StorageState, type GivenStorageState } from '../../profiles/storage-state.ts';
import { filesOf, type Launcher } from '../launcher.ts';
import { NO_PROFILE } from '../probe.ts';
import type { Checkout } from './checkout.ts';
import { originsOf } from './origins.ts';
import { checkOutState, type StateCheckoutOptions } from './state-checkout.ts';

const HOST = new URL('../../playwright/storage-state-host.ts', import.meta.url);
const TASK_TIMEOUT_MS = 60_000;

const Answer = z.object({
  error: z.string().optional(),
  state: z.unknown().optional(),
  /** The path of what Chromium does not accept of a given state. */
  refused: z.string().optional(),
});

/** Converts saved states to the form that Playwright knows, and back, which takes a browser. */
export interface StorageStates {
  /** Throws `profile.version_damaged` or `storage.object_missing`. */
  toStorageState(archive: Archive, signal?: AbortSignal): Promise<StorageState>;
  /** Throws `profile.invalid_import` with the path of what Chromium does not accept. */
  fromStorageState(
    profileId: string,
    state: GivenStorageState,
    signal?: AbortSignal,
  ): Promise<Archive>;
}

export interface BrowserStorageStatesOptions extends StateCheckoutOptions {
  launcher: Launcher;
}

/** Launches a browser for each conversion. */
export class BrowserStorageStates implements StorageStates {
  readonly #options: BrowserStorageStatesOptions;

  constructor(options: BrowserStorageStatesOptions) {
    this.#options = options;
  }

  async toStorageState(archive: Archive, signal?: AbortSignal): Promise<StorageState> {
    const checkout = await checkOutState(archive, this.#options);
    try {
      const origins = await originsOf(checkout.userDataDir);
      return StorageState.parse(await this.#perform(checkout, { origins }, signal));
    } finally {
      await checkout.remove();
    }
  }

  async fromStorageState(
    profileId: string,
    state: GivenStorageState,
    signal?: AbortSignal,
  ): Promise<Archive> {
    const checkout = await checkOutState(undefined, this.#options);
    try {
      await this.#perform(checkout, { origins: [], state }, signal);
      signal?.throwIfAborted();
      return await packInto(this.#options.storage, profileId, checkout.userDataDir);
    } finally {
      await checkout.remove();
    }
  }

  /**
   * Performs the task in a browser of its own, and closes the browser in order, so that it keeps
   * what was written.
   */
  async #perform(
    { userDataDir }: Checkout,
    task: object,
    givenUp: AbortSignal | undefined,
  ): Promise<unknown> {
    const late = AbortSignal.timeout(TASK_TIMEOUT_MS);
    const signal = givenUp ? AbortSignal.any([givenUp, late]) : late;
    const { launcher } = this.#options;
    const { browser } = await launcher.launch({ ...NO_PROFILE, userDataDir }, signal);
    try {
      const { endpoint, directory } = browser;
      const { jail, env } = launcher.settings;
      using gate = new CdpGate(endpoint, 'playwright', {
        files: filesOf(directory),
        act: undefined,
      });
      await using playwright = await startPlaywright(HOST, {
        jail,
        directory,
        env,
        accept: [gate.accept],
      });
      const cdpUrl = `ws://127.0.0.1:${playwright.ports[0]}`;
      const answer = await playwright.ask({ ...task, cdpUrl }, signal);
      const { error, state, refused } = Answer.parse(answer);
      if (refused !== undefined) throw refusal(refused);
      if (error === undefined) return state;
      throw new RuntimeError('profile.invalid_import', 'The state could not be imported.', {
        cause: new Error(error),
      });
    } finally {
      await browser.close();
    }
  }
}

function refusal(path: string): RuntimeError {
  const message = 'Chromium does not accept it';
  return new RuntimeError('profile.invalid_import', `${path}: ${message}`, {
    details: { issues: [{ in: 'body', path, message }] },
  });
}
