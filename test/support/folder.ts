import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder of the client's own machine, until the test is over. */
export async function openFolder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'client-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}
