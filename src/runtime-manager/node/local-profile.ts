import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { constants } from 'node:fs';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { RuntimeError } from '../errors.ts';
import { Checkout } from '../profiles/checkout.ts';
import { isLeftOut } from '../profiles/left-out.ts';
import type { Archive } from '../profiles/profile.ts';
import { packInto } from '../profiles/profiles.ts';
import { unpackArchive } from '../storage/archive.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { ReadyStates } from './ready-states.ts';
import type { ProfileUse, UsedProfile } from './runtime-node.ts';

/** A browser is not held still for longer than copying this much takes. */
const CHECKPOINT_MAX_BYTES = 256 * 1024 ** 2;

/** A profile's state on this machine, for one browser. */
export class LocalProfile implements UsedProfile {
  readonly #use: ProfileUse;
  readonly #storage: ObjectStorage;
  readonly #checkout: Checkout;
  readonly #ready: ReadyStates;
  #pid: number | undefined;

  private constructor(
    use: ProfileUse,
    storage: ObjectStorage,
    checkout: Checkout,
    ready: ReadyStates,
  ) {
    this.#use = use;
    this.#storage = storage;
    this.#checkout = checkout;
    this.#ready = ready;
  }

  /** Throws `profile.version_damaged` or `storage.object_missing`; nothing is left then. */
  static async open(
    use: ProfileUse,
    root: string,
    storage: ObjectStorage,
    ready: ReadyStates,
  ): Promise<LocalProfile> {
    const checkout = await Checkout.open(root);
    const { userDataDir } = checkout;
    try {
      const { archive, owner } = use;
      // Who only reads leaves it for the next writer.
      const isReady = archive && owner && (await ready.take(archive, userDataDir));
      if (!isReady) await mkdir(userDataDir, { mode: 0o700 });
      if (archive && !isReady) await unpack(archive, storage, userDataDir);
    } catch (error) {
      await checkout.remove();
      throw error;
    }
    return new LocalProfile(use, storage, checkout, ready);
  }

  get userDataDir(): string {
    return this.#checkout.userDataDir;
  }

  /** The browser runs: from now on there is something to save. */
  async begin(pid: number): Promise<void> {
    this.#pid = pid;
    if (this.#use.owner) await this.#checkout.claim(this.#use.owner);
  }

  /**
   * Holds every process of the browser while its files are copied: no one of them is in the middle
   * of a write then, so the copy is what a power cut at that moment would leave, which SQLite and
   * LevelDB are made to recover from.
   */
  async checkpoint(): Promise<Archive | undefined> {
    const { owner } = this.#use;
    if (!owner || this.#pid === undefined) return undefined;
    if ((await sizeOf(this.userDataDir)) > CHECKPOINT_MAX_BYTES) return undefined;
    const copy = join(this.#checkout.path, 'checkpoint');
    try {
      process.kill(-this.#pid, 'SIGSTOP');
      try {
        await cp(this.userDataDir, copy, {
          recursive: true,
          mode: constants.COPYFILE_FICLONE,
          verbatimSymlinks: true,
          filter: (path) => !isLeftOut(relative(this.userDataDir, path)),
        });
      } finally {
        process.kill(-this.#pid, 'SIGCONT');
      }
      return await packInto(this.#storage, owner.profileId, copy);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  }

  save(): Promise<Archive> {
    const { owner } = this.#use;
    if (!owner) throw new Error('a profile that is only read is not saved');
    return packInto(this.#storage, owner.profileId, this.userDataDir);
  }

  async release(saved?: Archive): Promise<void> {
    await this.#checkout.disown();
    try {
      if (saved) await this.#ready.keep(saved, this.userDataDir);
    } finally {
      await this.#checkout.remove();
    }
  }
}

/** Throws `profile.version_damaged`, `storage.object_missing` or `service.unavailable`. */
export async function unpack(
  archive: Pick<Archive, 'key' | 'sha256'>,
  storage: ObjectStorage,
  directory: string,
) {
  try {
    const sha256 = await unpackArchive(await storage.get(archive.key), directory);
    if (sha256 !== archive.sha256) throw damaged(archive, sha256);
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    // Damage and a full disk make the same tools fail, in words that differ by chance.
    const sha256 = await digestOf(archive, storage);
    if (sha256 !== undefined && sha256 !== archive.sha256) throw damaged(archive, sha256, error);
    throw new RuntimeError('service.unavailable', 'The state could not be unpacked here.', {
      cause: error,
    });
  }
}

/** `undefined` when it cannot be read now. */
async function digestOf(
  archive: Pick<Archive, 'key'>,
  storage: ObjectStorage,
): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(await storage.get(archive.key), hash);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}

function damaged(archive: Pick<Archive, 'sha256'>, found: string, cause?: unknown): RuntimeError {
  return new RuntimeError('profile.version_damaged', 'The archive does not match its checksum.', {
    details: { expected: archive.sha256, found },
    cause,
  });
}

async function sizeOf(directory: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || isLeftOut(relative(directory, path))) continue;
    sum += (await stat(path).catch(() => ({ size: 0 }))).size;
  }
  return sum;
}
