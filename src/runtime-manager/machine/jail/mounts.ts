import { lstat, readlink, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mount } from './jail.ts';

/** Folders of programs and libraries; links to `/usr` on most systems. */
const PROGRAMS = ['/bin', '/lib', '/lib32', '/lib64', '/sbin'];
/** What programs look up about the machine that is no secret: libraries, fonts, certificates, time. */
const CONFIGURATION = [
  '/etc/alternatives',
  '/etc/ca-certificates',
  '/etc/chromium/master_preferences',
  '/etc/chromium.d',
  '/etc/crypto-policies',
  '/etc/fonts',
  '/etc/ld.so.cache',
  '/etc/localtime',
  '/etc/pki',
  '/etc/ssl',
  '/etc/timezone',
  // Without it every browser looks through all fonts of the machine at its start.
  '/var/cache/fontconfig',
];
/** Policies that no setting of a browser lifts. https://chromeenterprise.google/policies */
const POLICY = fileURLToPath(new URL('chromium-policy.json', import.meta.url));
/** Where Chromium and Chrome look for policies. */
const POLICIES = ['/etc/chromium', '/etc/opt/chrome'].map(
  (path) => `${path}/policies/managed/bctrl.json`,
);
const TEMPORARY_BYTES = 256 * 1024 ** 2;
const ANYBODY = '1777';
const READABLE = '0755';
const CHANGEABLE = '0777';
const CHANGEABLE_FILE = '0666';

/** bubblewrap's arguments for what every program sees. Each of `paths` lies where it lies on the machine. */
export async function systemMounts({
  paths,
  sharedMemoryBytes,
}: {
  paths: string[];
  sharedMemoryBytes: number;
}): Promise<string[]> {
  const programs = await Promise.all(PROGRAMS.map(programArguments));
  const configuration = await existing(CONFIGURATION);
  const given = (await existing(paths)).filter((path) => !path.startsWith('/usr/'));
  return [
    '--ro-bind',
    '/usr',
    '/usr',
    ...programs.flat(),
    ...mountArguments([
      ...configuration.map((path) => readOnly(path)),
      ...POLICIES.map((at) => readOnly(POLICY, at)),
    ]),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    ...mountArguments([
      { kind: 'memory', at: '/dev/shm', sizeBytes: sharedMemoryBytes },
      { kind: 'memory', at: '/tmp', sizeBytes: TEMPORARY_BYTES },
    ]),
    ...mountArguments(given.map((path) => readOnly(path))),
  ];
}

/** `firstCopy`: the descriptor of the first file that is copied; the others follow it. */
export function mountArguments(mounts: readonly Mount[], firstCopy = 0): string[] {
  let copy = firstCopy;
  const made = new Set<string>();
  return mounts.flatMap((mount) => {
    const { at } = mount;
    switch (mount.kind) {
      case 'memory': {
        const size = String(mount.sizeBytes);
        const memory = ['--perms', ANYBODY, '--size', size, '--tmpfs', at];
        return parents(at, READABLE, made).concat(memory);
      }
      case 'folder': {
        const bind = mount.writable ? '--bind' : '--ro-bind';
        return parents(at, READABLE, made).concat(bind, mount.from, at);
      }
      case 'copy': {
        const file = ['--perms', CHANGEABLE_FILE, '--file', String(copy++), at];
        return parents(at, CHANGEABLE, made).concat(file);
      }
    }
  });
}

/** The files that are copied, in the order of their descriptors. */
export function copiesOf(mounts: readonly Mount[]): string[] {
  return mounts.flatMap((mount) => (mount.kind === 'copy' ? mount.from : []));
}

/** If bubblewrap made these folders by itself, nobody but their owner could enter them. */
function parents(path: string, mode: string, made: Set<string>): string[] {
  const above = dirname(path);
  if (above === '/' || made.has(above)) return [];
  made.add(above);
  return [...parents(above, mode, made), '--perms', mode, '--dir', above];
}

/** Mounts a folder or file read-only, where it lies on the machine or elsewhere. */
export function readOnly(from: string, at = from): Mount {
  return { kind: 'folder', from, at, writable: false };
}

async function programArguments(path: string): Promise<string[]> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return [];
  if (found.isSymbolicLink()) return ['--symlink', await readlink(path), path];
  return ['--ro-bind', path, path];
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      realpath(path).then(
        () => path,
        () => undefined,
      ),
    ),
  );
  return found.filter((path) => path !== undefined);
}
