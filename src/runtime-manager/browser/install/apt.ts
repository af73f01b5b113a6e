import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Installs Debian packages, without what they recommend; false when that is not possible: not
 * root, no apt-get, no network. Its progress goes to stderr.
 */
export async function installPackages(...packages: string[]): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  if (!(await run('apt-get', ['update']))) return false;
  return run('apt-get', ['install', '--yes', '--no-install-recommends', ...packages]);
}

/** Runs a command that shows its progress on stderr; true when the command succeeds. */
export async function run(command: string, args: string[]): Promise<boolean> {
  const child = spawn(command, args, { stdio: ['ignore', process.stderr, process.stderr] });
  try {
    const [code] = await once(child, 'exit');
    return code === 0;
  } catch {
    return false;
  }
}
