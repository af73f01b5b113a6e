import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/api/config/config.ts';
import {
  openJail,
  programPaths,
  type OpenedJail,
  type ReservedPorts,
} from '../../src/runtime-manager/index.ts';

/** The jail that a service here would have, until the test is over. */
export async function openTestJail(
  reservedPorts: ReservedPorts,
  executables: string[],
  mode = loadConfig().jailMode,
): Promise<OpenedJail> {
  const { searchPath, runtimeLimits } = loadConfig();
  const opened = await openJail({
    id: randomUUID(),
    mode,
    searchPath,
    paths: await programPaths(executables),
    limits: runtimeLimits,
    reservedPorts,
    log: pino({ level: 'silent' }),
  });
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return opened;
}
