import { RuntimeError } from '../errors.ts';
import type { FileStore } from './file-store.ts';
import { tooLarge } from './store-content.ts';

/** How large files may be, each and together. */
export interface FileLimits {
  fileBytes: number;
  /** Of an organization that has no limit of its own. */
  organizationBytes: number;
}

/** How much an organization has, and may have. */
export interface StorageQuota {
  usedBytes: number;
  limitBytes: number;
}

/** What organizations may have. */
export class StorageQuotas {
  readonly #store: Pick<FileStore, 'usage'>;
  readonly #limits: FileLimits;

  constructor({ store, limits }: { store: Pick<FileStore, 'usage'>; limits: FileLimits }) {
    this.#store = store;
    this.#limits = limits;
  }

  async of(organizationId: string): Promise<StorageQuota> {
    const { usedBytes, ownLimitBytes } = await this.#store.usage(organizationId);
    return { usedBytes, limitBytes: ownLimitBytes ?? this.#limits.organizationBytes };
  }

  /**
   * How many bytes an organization may still have. Throws `file.too_large` or
   * `storage.quota_exceeded` for what cannot fit, before it comes.
   */
  async room(organizationId: string, sizeBytes: number): Promise<number> {
    if (sizeBytes > this.#limits.fileBytes) throw tooLarge(this.#limits.fileBytes);
    const { usedBytes, limitBytes } = await this.of(organizationId);
    if (usedBytes + sizeBytes > limitBytes) throw await this.exceeded(organizationId);
    return Math.max(0, limitBytes - usedBytes);
  }

  async exceeded(organizationId: string): Promise<RuntimeError> {
    const details = { ...(await this.of(organizationId)) };
    const message = 'The organization has no room for the file.';
    return new RuntimeError('storage.quota_exceeded', message, { details });
  }
}
