import { createHash } from 'node:crypto';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Browser } from '../../browser/browser.ts';
import { RuntimeError } from '../../errors.ts';
import { Checkout } from './checkout.ts';
import { isLeftOut } from './excluded-paths.ts';
import type { Archive } from '../../profiles/profile.ts';
import { PACKED_STATE, packInto } from '../../profiles/profiles.ts';
import { unpackArchive } from '../../storage/archive.ts';
import { DirectoryCopy } from '../../storage/directory-copy.ts';
import { keepPlainFiles } from '../../storage/plain-files.ts';
import { inSpan } from '../../tracing/tracing.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { ReadyStates } from './ready-states.ts';
import type { ProfileUse, UsedProfile } from '../browser-machine.ts';

/** A larger state is not copied every few minutes. */
const CHECKPOINT_MAX_BYTES = 256 * 1024 ** 2;
/** Clients notice a browser that stands still for longer. */
const HOLD_MAX_MS = 2000;

type HeldBrowser = Pick<Browser, 'holdStill'>;

/** A profile's state on this machine, for one browser. */
export class LocalProfile implements UsedProfile {
  readonly #use: ProfileUse;
  readonly #storage: ObjectStorage;
  readonly #checkout: Checkout;
  readonly #ready: ReadyStates;
  #browser: HeldBrowser | undefined;

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

  /** Throws `profile.version_damaged` or `storage.object_missing`, and then leaves nothing on disk. */
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
      // A reader leaves the ready state to the next writer.
      const isReady = archive && owner && (await ready.take(archive, userDataDir));
      if (!isReady) await mkdir(userDataDir, { mode: 0o700 });
      if (archive && !isReady) {
        await inSpan('profile.unpack', {}, () => unpackState(archive, storage, userDataDir));
      }
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
  async begin(browser: HeldBrowser): Promise<void> {
    this.#browser = browser;
    if (this.#use.owner) await this.#checkout.claim(this.#use.owner);
  }

  /**
   * Copies the files while the browser goes on writing, then holds the browser still and copies
   * what changed meanwhile. The copy is what a power cut at that moment would leave, and SQLite and
   * LevelDB are made to recover from that. Throws when the browser would stand still for too long.
   */
  async checkpoint(): Promise<Archive | undefined> {
    const { owner } = this.#use;
    const browser = this.#browser;
    if (!owner || !browser) return undefined;
    if ((await sizeOf(this.userDataDir)) > CHECKPOINT_MAX_BYTES) return undefined;
    const root = join(this.#checkout.path, 'checkpoint');
    await using copy = await DirectoryCopy.open(root, this.userDataDir, PACKED_STATE);
    await copy.update();
    await holdStill(browser, (signal) => copy.update(signal));
    return await packInto(this.#storage, owner.profileId, copy.path);
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

async function holdStill(browser: HeldBrowser, work: (signal: AbortSignal) => Promise<void>) {
  try {
    await browser.holdStill(work, HOLD_MAX_MS);
  } catch (cause) {
    const late = `the browser would have stood still for more than ${HOLD_MAX_MS} ms`;
    throw isTimeout(cause) ? new Error(late, { cause }) : cause;
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && ['TimeoutError', 'AbortError'].includes(error.name);
}

/** Unpacks what a profile keeps, and no more; throws as `unpack` does. */
export async function unpackState(
  archive: Pick<Archive, 'key' | 'sha256'>,
  storage: ObjectStorage,
  userDataDir: string,
): Promise<void> {
  await unpack(archive, storage, userDataDir, isLeftOut);
}

/**
 * Unpacks files and directories, and nothing else that an archive may hold. Throws
 * `profile.version_damaged`, `storage.object_missing` or `service.unavailable`.
 */
export async function unpack(
  archive: Pick<Archive, 'key' | 'sha256'>,
  storage: ObjectStorage,
  directory: string,
  isPassedOver: (path: string) => boolean = () => false,
) {
  try {
    const sha256 = await unpackArchive(await storage.get(archive.key), directory);
    if (sha256 !== archive.sha256) throw damaged(archive, sha256);
    await keepPlainFiles(directory, isPassedOver);
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    // Damage and a full disk make the same tools fail, and what the tools say does not tell which
    // it was.
    const sha256 = await digestOf(archive, storage);
    if (sha256 !== undefined && sha256 !== archive.sha256) throw damaged(archive, sha256, error);
    throw new RuntimeError('service.unavailable', 'The state could not be unpacked here.', {
      cause: error,
    });
  }
}

/** Undefined when the archive cannot be read now. */
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
