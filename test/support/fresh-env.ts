import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';
import { copyCluster } from './database.ts';

/**
 * The environment of a service that has everything of its own, until the test is over. Its Postgres
 * is made already, unless the start `isFirst`. A test that runs beside others of its file hands over
 * the `onTestFinished` of its own.
 */
export async function freshEnv({ isFirst = false, onFinished = onTestFinished } = {}) {
  // The path is short, because it becomes part of socket paths, whose length is limited.
  const directory = await mkdtemp(join(tmpdir(), 'bc-'));
  onFinished(() => rm(directory, { recursive: true, force: true }));
  const data = join(directory, 'data');
  if (!isFirst) await copyCluster(inject('pristineDataDir'), data);
  return { PORT: '0', BCTRL_DATA_DIR: data, BCTRL_BROWSER_DIR: directory };
}
