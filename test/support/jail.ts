import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/api/config/config.ts';
import {
  openJail,
  programPaths,
  type OpenedJail,
  type OwnPorts,
} from '../../src/runtime-manager/index.ts';

/** The jail that a service here would have, until the test is over. */
export async function openTestJail(
  ownPorts: OwnPorts,
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
    ownPorts,
    log: pino({ level: 'silent' }),
  });
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return opened;
}
