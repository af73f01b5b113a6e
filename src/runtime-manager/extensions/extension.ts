import { createHash } from 'node:crypto';

export const PACKAGE_FORMATS = ['zip', 'crx2', 'crx3'] as const;
export type PackageFormat = (typeof PACKAGE_FORMATS)[number];

/** What Chromium reported when an extension was tried out. */
export interface ExtensionWarning {
  /** Whether the warning is about the manifest or about code that ran. */
  kind: 'manifest' | 'runtime';
  message: string;
  /** The file, if Chromium names one. */
  source?: string | undefined;
}

/** What a package turned out to be. */
export interface ExtensionFacts {
  name: string;
  version: string;
  manifestVersion: number;
  format: PackageFormat;
  /**
   * SHA-256 of the content, in hexadecimal: the same files give the same hash, however they are
   * packed.
   */
  contentHash: string;
  /** The unpacked size. */
  sizeBytes: number;
  permissions: string[];
  /** Chromium's id of the extension, the same in every runtime. */
  runtimeExtensionId: string;
  warnings: ExtensionWarning[];
}

/** An extension of an organization. */
export interface Extension extends ExtensionFacts {
  id: string;
  organizationId: string;
  /** The name of its archive in the object storage. */
  key: string;
  /** SHA-256 of the archive. */
  sha256: string;
  archiveBytes: number;
}

/** An extension in a running browser. */
export interface LoadedExtension {
  id: string;
  name: string;
  version: string;
  runtimeExtensionId: string;
}

/** Chromium's name for a public key: 32 digits of its hash, written from a to p. */
export function extensionIdOf(publicKey: Buffer | string): string {
  const digits = createHash('sha256').update(publicKey).digest('hex').slice(0, 32);
  return digits.replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)));
}
