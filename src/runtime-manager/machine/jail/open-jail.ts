import type { Logger } from 'pino';
import { untilAborted } from '../../timing/until-aborted.ts';
import { installPackages } from '../../browser/install/apt.ts';
import { findExecutable } from '../../browser/install/find-executable.ts';
import type { ReservedPorts } from '../../egress/reserved-ports.ts';
import { BubblewrapJail, type BubblewrapOptions } from './bubblewrap-jail.ts';
import { Cgroups, type JailLimits } from './cgroups.ts';
import { HostJail } from './host-jail.ts';
import { JailUnavailable, type Jail } from './jail.ts';
import type { JailMode } from './levels.ts';

export interface JailOptions {
  /** Tells apart services of one machine. */
  id: string;
  mode: JailMode;
  searchPath: string;
  /** The paths of the machine that every program sees, read-only, besides the system's own folders. */
  paths: string[];
  limits: JailLimits;
  reservedPorts: ReservedPorts;
  log: Logger;
}

/** The jail that was opened, and what it lacks, each with how to get it. */
export interface OpenedJail extends AsyncDisposable {
  jail: Jail;
  missing: string[];
}

const PACKAGE = 'bubblewrap';

/** A jail that is denied ends at once. Only one that hangs takes so long, or a very slow machine. */
const TRIAL_TIMEOUT_MS = 60_000;

/** Throws when namespaces are required and cannot be had. */
export async function openJail(options: JailOptions): Promise<OpenedJail> {
  const { id, mode, limits, reservedPorts, log } = options;
  if (mode === 'off') return withoutJail(reservedPorts, ['BCTRL_JAIL is off'], log);
  const cgroups = await Cgroups.open(id, limits);
  try {
    const jail = await openNamespaces(options, cgroups);
    const missing = missingOf(jail, cgroups);
    for (const reason of missing) log.warn(`browsers are in jails, but ${reason}`);
    return {
      jail,
      missing,
      [Symbol.asyncDispose]: async () => cgroups?.[Symbol.asyncDispose](),
    };
  } catch (error) {
    await cgroups?.[Symbol.asyncDispose]();
    if (!(error instanceof JailUnavailable)) throw error;
    const { message } = error;
    if (mode === 'required') {
      throw new Error(`BCTRL_JAIL is required, but ${message}`, { cause: error });
    }
    return withoutJail(reservedPorts, [message], log);
  }
}

function withoutJail(reservedPorts: ReservedPorts, missing: string[], log: Logger): OpenedJail {
  log.warn(`browsers run without jails: ${missing.join('; ')}`);
  return {
    jail: new HostJail(reservedPorts),
    missing,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function missingOf(jail: BubblewrapJail, cgroups: Cgroups | undefined): string[] {
  const isRoot = process.getuid?.() === 0;
  return [
    ...(cgroups
      ? []
      : [
          'their memory and number of processes are not limited: the service may make no cgroups (it is not root, and no group was delegated to it)',
        ]),
    ...(isRoot && !jail.owner
      ? ['outside of them they belong to root: the service lacks the capabilities to change that']
      : []),
  ];
}

/** Runs programs as another user where the service is root and may do that, else in a user namespace. */
async function openNamespaces(
  options: JailOptions,
  cgroups: Cgroups | undefined,
): Promise<BubblewrapJail> {
  const bubblewrapPath = await ensureBubblewrap(options);
  const { paths } = options;
  const { memoryBytes: sharedMemoryBytes } = options.limits;
  const parts = { bubblewrapPath, paths, sharedMemoryBytes, cgroups };
  if (process.getuid?.() !== 0) return tryOut({ ...parts, isPrivileged: false });
  try {
    return await tryOut({ ...parts, isPrivileged: true });
  } catch (error) {
    if (!(error instanceof JailUnavailable)) throw error;
    return tryOut({ ...parts, isPrivileged: false });
  }
}

async function ensureBubblewrap({ searchPath, log }: JailOptions): Promise<string> {
  const found = await findExecutable(['bwrap'], searchPath);
  if (found !== undefined) return found;
  log.info(`no bubblewrap found: installing the ${PACKAGE} package with apt-get`);
  await installPackages(PACKAGE);
  const installed = await findExecutable(['bwrap'], searchPath);
  if (installed !== undefined) return installed;
  throw new JailUnavailable(`bubblewrap is not installed: run "apt-get install ${PACKAGE}"`);
}

/** Throws JailUnavailable, which says what is in the way. */
async function tryOut(options: BubblewrapOptions): Promise<BubblewrapJail> {
  const jail = await BubblewrapJail.open(options);
  const program = await jail.start({
    directory: '/trial',
    command: () => ['/bin/sh', '-c', 'echo ready; read -r _'],
    env: {},
    mounts: [],
    accept: [],
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const { stdout, stderr } = program.child;
  let said = '';
  stderr?.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  const ready = new Promise<boolean>((resolve) => {
    stdout?.once('data', () => resolve(true));
    void program.closed.then(() => resolve(false));
  });
  const late = AbortSignal.timeout(TRIAL_TIMEOUT_MS);
  const works = await untilAborted(ready, late).catch(() => false);
  program.kill();
  await program.closed;
  if (works) return jail;
  throw new JailUnavailable(`${said.trim() || 'a jail did not come up in time'}${hintOf(said)}`);
}

const HINTS: [RegExp, string][] = [
  [/execvp \/usr\/bin\/perl/, 'install perl'],
  [
    /mount proc/,
    'in a container, mount a whole /proc where only root comes to it, as docker-compose.yml does, or set security_opt: systempaths=unconfined',
  ],
  [
    /slave|pivot_root|mount|hostname/,
    'in a container, use the chromium-seccomp.json of this project, and apparmor=unconfined where AppArmor denies mounts',
  ],
  [
    /namespace|uid map|loopback/i,
    'unprivileged user namespaces are denied: in a container, use the chromium-seccomp.json of this project; else see the sysctls kernel.unprivileged_userns_clone, user.max_user_namespaces and kernel.apparmor_restrict_unprivileged_userns',
  ],
];

function hintOf(said: string): string {
  const [, hint] = HINTS.find(([pattern]) => pattern.test(said)) ?? [];
  return hint === undefined ? '' : ` (${hint})`;
}
