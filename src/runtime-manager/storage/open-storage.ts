import { LocalStorage } from './local-storage.ts';
import type { ObjectStorage } from './object-storage.ts';
import type { S3Options } from './s3-storage.ts';

/** The store that is configured: any that speaks S3, or a directory. */
export async function openStorage(
  s3: S3Options | undefined,
  directory: string,
): Promise<ObjectStorage> {
  if (!s3) return LocalStorage.open(directory);
  // Loaded only where it is used: the client takes its share of memory.
  const { S3Storage } = await import('./s3-storage.ts');
  return new S3Storage(s3);
}
