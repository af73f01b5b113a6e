import { mkdir, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { startPlaywright } from '../browser/playwright-process.ts';
import { RuntimeError } from '../errors.ts';
import { Checkout } from '../profiles/checkout.ts';
import { originsOf } from '../profiles/origins.ts';
import type { Archive } from '../profiles/profile.ts';
import { packInto } from '../profiles/profiles.ts';
import { StorageState } from '../profiles/storage-state.ts';
import { unzipState, zipState } from '../profiles/zip.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { Launcher } from './launcher.ts';
import { unpack } from './local-profile.ts';
import { NO_PROFILE } from './probe.ts';

const HOST = new URL('../browser/storage-state-host.ts', import.meta.url);
const TASK_TIMEOUT_MS = 60_000;

const Answer = z.object({ error: z.string().optional(), state: z.unknown().optional() });

export interface StateConverterOptions {
  storage: ObjectStorage;
  /** Under which states are unpacked for the while. */
  root: string;
  launcher: Launcher;
}

/** Gives saved states in forms that people and Playwright know, and takes them from those. */
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

  /** Takes a zip file, which is removed. Throws `profile.invalid_import`. */
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

  async fromStorageState(profileId: string, state: StorageState): Promise<Archive> {
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
      if (archive) await unpack(archive, this.#options.storage, checkout.userDataDir);
      return checkout;
    } catch (error) {
      await checkout.remove();
      throw error;
    }
  }

  /** In a browser of its own, which ends in order, so that it keeps what was written. */
  async #perform({ userDataDir }: Checkout, task: object): Promise<unknown> {
    const signal = AbortSignal.timeout(TASK_TIMEOUT_MS);
    const { launcher } = this.#options;
    const { browser } = await launcher.launch({ ...NO_PROFILE, userDataDir }, signal);
    try {
      const { endpoint, directory } = browser;
      const cdpUrl = `ws://127.0.0.1:${endpoint.port}${endpoint.path}`;
      const env = { ...launcher.settings.env, ...directory.env };
      await using playwright = startPlaywright(HOST, directory.path, env);
      const { error, state } = Answer.parse(await playwright.ask({ ...task, cdpUrl }, signal));
      if (error === undefined) return state;
      throw new RuntimeError('profile.invalid_import', 'The state could not be taken over.', {
        cause: new Error(error),
      });
    } finally {
      await browser.close();
    }
  }
}
