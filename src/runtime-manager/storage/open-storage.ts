import { LocalStorage } from './local-storage.ts';
import type { ObjectStorage } from './object-storage.ts';
import type { S3Options } from './s3-storage.ts';

/** Opens the configured store: any that speaks S3, or a directory, which is this service's alone. */
export async function openStorage(
  s3: S3Options | undefined,
  directory: string,
): Promise<ObjectStorage> {
  return s3 ? openS3(s3) : LocalStorage.open(directory);
}

/** Opens the same store beside a service that may be writing there. */
export async function openStorageBeside(
  s3: S3Options | undefined,
  directory: string,
): Promise<ObjectStorage> {
  return s3 ? openS3(s3) : new LocalStorage(directory);
}

/** Loads the S3 client only where it is used, since it takes its share of memory. */
async function openS3(s3: S3Options): Promise<ObjectStorage> {
  const { S3Storage } = await import('./s3-storage.ts');
  return new S3Storage(s3);
}
