import { mkdir, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { startPlaywright } from '../../playwright/process.ts';
import { CdpGate } from '../../connections/cdp/cdp-gate.ts';
import { RuntimeError } from '../../errors.ts';
import { Checkout } from './checkout.ts';
import { originsOf } from './origins.ts';
import type { Archive } from '../../profiles/profile.ts';
import { packInto } from '../../profiles/profiles.ts';
import { StorageState, type GivenStorageState } from '../../profiles/storage-state.ts';
import { unzipState, zipState } from './zip.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { filesOf, type Launcher } from '../launcher.ts';
import { unpackState } from './local-profile.ts';
import { NO_PROFILE } from '../probe.ts';

const HOST = new URL('../../playwright/storage-state-host.ts', import.meta.url);
const TASK_TIMEOUT_MS = 60_000;

const Answer = z.object({
  error: z.string().optional(),
  state: z.unknown().optional(),
  /** The path of what Chromium does not accept of a given state. */
  refused: z.string().optional(),
});

export interface StateConverterOptions {
  storage: ObjectStorage;
  /** The directory under which states are unpacked for the conversion. */
  root: string;
  launcher: Launcher;
}

/** The converter as whoever asks for conversions knows it. */
export type ProfileStates = Pick<StateConverter, keyof StateConverter>;

/** Converts saved states to forms that people and Playwright know, and back. */
export class StateConverter {
  readonly #options: StateConverterOptions;

  constructor(options: StateConverterOptions) {
    this.#options = options;
  }

  /** Throws `profile.version_damaged` or `storage.object_missing`. */
  async toZip(archive: Archive): Promise<Readable> {
    const checkout = await this.#checkOut(archive);
    try {
      const zip = await zipState(checkout.userDataDir);
      return zip.once('close', () => void checkout.remove());
    } catch (error) {
      await checkout.remove();
      throw error;
    }
  }

  /** Takes a zip file, and removes it. Throws `profile.invalid_import`. */
  async fromZip(profileId: string, file: string): Promise<Archive> {
    try {
      const checkout = await this.#checkOut(undefined);
      try {
        await unzipState(file, checkout.userDataDir);
        return await packInto(this.#options.storage, profileId, checkout.userDataDir);
      } finally {
        await checkout.remove();
      }
    } finally {
      await rm(file, { force: true });
    }
  }

  async toStorageState(archive: Archive): Promise<StorageState> {
    const checkout = await this.#checkOut(archive);
    try {
      const origins = await originsOf(checkout.userDataDir);
      return StorageState.parse(await this.#perform(checkout, { origins }));
    } finally {
      await checkout.remove();
    }
  }

  /** Throws `profile.invalid_import` with the path of what Chromium does not accept. */
  async fromStorageState(profileId: string, state: GivenStorageState): Promise<Archive> {
    const checkout = await this.#checkOut(undefined);
    try {
      await this.#perform(checkout, { origins: [], state });
      return await packInto(this.#options.storage, profileId, checkout.userDataDir);
    } finally {
      await checkout.remove();
    }
  }

  async #checkOut(archive: Archive | undefined): Promise<Checkout> {
    const checkout = await Checkout.open(this.#options.root);
    try {
      await mkdir(checkout.userDataDir, { mode: 0o700 });
      if (archive) await unpackState(archive, this.#options.storage, checkout.userDataDir);
      return checkout;
    } catch (error) {
      await checkout.remove();
      throw error;
    }
  }

  /**
   * Performs the task in a browser of its own, and closes the browser in order, so that it keeps
   * what was written.
   */
  async #perform({ userDataDir }: Checkout, task: object): Promise<unknown> {
    const signal = AbortSignal.timeout(TASK_TIMEOUT_MS);
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
      throw new RuntimeError('profile.invalid_import', 'The state could not be taken over.', {
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
