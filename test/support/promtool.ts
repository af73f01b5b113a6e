import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'vitest';

/** In Debian's package `prometheus`. */
const PROMTOOL = '/usr/bin/promtool';

/** Runs only where Prometheus is installed. */
export const testWithPromtool = test.skipIf(!existsSync(PROMTOOL));

/** Resolves with its exit code, and what it complains about. */
export function promtool(args: string[], input = ''): Promise<{ code: unknown; said: string }> {
  return new Promise((resolve) => {
    const child = execFile(PROMTOOL, args, (error, _stdout, stderr) =>
      resolve({ code: error ? error.code : 0, said: stderr }),
    );
    child.stdin?.end(input);
  });
}
