import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** `<TMPDIR>/org.chromium.Chromium.XXXXXX/SingletonSocket` has to fit a unix socket's address. */
const SOCKET_PATH_MAX = 107;
const SOCKET_NAME = '/org.chromium.Chromium.XXXXXX/SingletonSocket';
const DIRECTORY_NAME = '/XXXXXX/tmp';

/** Everything one browser writes: its user data and its temporary files. Gone when disposed. */
export interface BrowserDirectory extends AsyncDisposable {
  path: string;
  /** Its name in the root. */
  name: string;
  userDataDir: string;
  /** Makes a process keep its files here. */
  env: { HOME: string; TMPDIR: string };
}

/** Throws when a browser under `root` could not open its sockets. */
export function assertUsableRoot(root: string): void {
  const longest = root.length + DIRECTORY_NAME.length + SOCKET_NAME.length;
  if (longest <= SOCKET_PATH_MAX) return;
  const most = root.length - (longest - SOCKET_PATH_MAX);
  throw new Error(
    `BCTRL_BROWSER_DIR is too long: Chromium's sockets need its path to have at most ${most} characters, but ${root} has ${root.length}.`,
  );
}

/**
 * With user data of its own, or linked to those that lie elsewhere: then by the same path, which is
 * how the processes of a browser are found.
 */
export async function openBrowserDirectory(
  root: string,
  userDataDir: string | undefined,
): Promise<BrowserDirectory> {
  const path = await mkdtemp(join(root, '/'));
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  const tmpDir = join(path, 'tmp');
  try {
    await mkdir(tmpDir);
    if (userDataDir !== undefined) await symlink(userDataDir, join(path, 'data'));
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    path,
    name: basename(path),
    userDataDir: join(path, 'data'),
    env: { HOME: path, TMPDIR: tmpDir },
    // Retried: a process that is just being killed may still be writing its last file.
    [Symbol.asyncDispose]: remove,
  };
}

/** Makes the root empty and private: what lies in it belongs to a service that is no more. */
export async function resetBrowserRoot(root: string): Promise<void> {
  try {
    await removeBrowserRoot(root);
    await mkdir(root, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new Error(`BCTRL_BROWSER_DIR cannot be used: ${String(cause)}`, { cause });
  }
}

export async function removeBrowserRoot(root: string): Promise<void> {
  await rm(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}
