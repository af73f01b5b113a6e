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

  /** The claimed checkouts below `root`; `owner` is undefined when its file cannot be read. */
  static async findClaimed(
    root: string,
  ): Promise<{ checkout: Checkout; owner: CheckoutOwner | undefined }[]> {
    return (await Checkout.#findAll(root)).flatMap(({ checkout, claim }) =>
      claim === undefined ? [] : [{ checkout, owner: parseOwner(claim) }],
    );
  }

  /** Removes what a service that is gone left below `root`, and nobody claimed. */
  static async removeUnclaimed(root: string): Promise<void> {
    for (const { checkout, claim } of await Checkout.#findAll(root)) {
      if (claim === undefined) await checkout.remove();
    }
  }

  static async #findAll(root: string) {
    await mkdir(root, { recursive: true, mode: 0o700 });
    const checkouts = (await readdir(root)).map((name) => new Checkout(join(root, name)));
    return Promise.all(
      checkouts.map(async (checkout) => {
        const file = join(checkout.path, OWNER_FILE);
        return { checkout, claim: await readFile(file, 'utf8').catch(() => undefined) };
      }),
    );
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
