import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** Says whose state lies in a checkout, for the case that only the checkout is left. */
const Owner = z.object({
  organizationId: z.uuid(),
  profileId: z.uuid(),
  runtimeId: z.uuid(),
  fence: z.number(),
});
export type CheckoutOwner = z.infer<typeof Owner>;

const OWNER_FILE = 'owner.json';

/**
 * A profile's user data directory on this machine, while a browser uses it and until its state is
 * saved. It lies on disk, so that it outlives a crash of the machine too.
 */
export class Checkout {
  readonly path: string;
  readonly userDataDir: string;

  private constructor(path: string) {
    this.path = path;
    this.userDataDir = join(path, 'data');
  }

  /** The caller makes the user data directory. */
  static async open(root: string): Promise<Checkout> {
    return new Checkout(await mkdtemp(join(root, 'c-')));
  }

  /**
   * Marks the content as worth keeping, because its writer's browser runs. The mark is not flushed
   * to disk: a flush would wait for all of the state that was just unpacked.
   */
  async claim(owner: CheckoutOwner): Promise<void> {
    const file = join(this.path, OWNER_FILE);
    await writeFile(`${file}.new`, JSON.stringify(owner));
    await rename(`${file}.new`, file);
  }

  /** Removes the mark: the content need not be kept any more. */
  async disown(): Promise<void> {
    await rm(join(this.path, OWNER_FILE), { force: true });
  }

  async remove(): Promise<void> {
    // The mark goes first, so that half of a state is never recovered.
    await this.disown();
    await rm(this.path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  }

  /**
   * The checkouts that a service which is gone left below `root`; `owner` is undefined when its
   * file cannot be read. Checkouts that nobody claimed are removed.
   */
  static async findLeft(
    root: string,
  ): Promise<{ checkout: Checkout; owner: CheckoutOwner | undefined }[]> {
    await mkdir(root, { recursive: true, mode: 0o700 });
    const left = [];
    for (const name of await readdir(root)) {
      const checkout = new Checkout(join(root, name));
      const text = await readFile(join(checkout.path, OWNER_FILE), 'utf8').catch(() => undefined);
      if (text === undefined) await checkout.remove();
      else left.push({ checkout, owner: parseOwner(text) });
    }
    return left;
  }
}

/** A power cut may leave the file empty. */
function parseOwner(text: string): CheckoutOwner | undefined {
  try {
    return Owner.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
