import { spawn, type ChildProcess } from 'node:child_process';
import { open } from 'node:fs/promises';
import { constants } from 'node:os';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Cgroups } from './cgroups.ts';
import {
  JailUnavailable,
  type Confined,
  type Dial,
  type Jail,
  type Program,
  type ProcessExit,
} from './jail.ts';
import { copiesOf, mountArguments, systemMounts } from './mounts.ts';
import { Porter } from './porter.ts';
import { killGroup, yieldGroup } from './process-group.ts';
import { DIRECTORY_VARIABLE, exitOf, spawned } from './spawned.ts';

/** Where a program finds its browser's directory, whatever the directory's name on the machine is. */
const INSIDE = '/runtime';
const PORTER = fileURLToPath(new URL('porter.pl', import.meta.url));
const PORTER_INSIDE = '/porter.pl';
/** The numbers of sendmsg(2) and prctl(2), by Node's names for architectures. */
const SYSTEM_CALLS: Partial<Record<NodeJS.Architecture, string[]>> = {
  x64: ['46', '157'],
  arm64: ['211', '167'],
};
/** The program's own network is empty: any port would do. */
const FIRST_PORT = 3128;

/** An id that no user has. It is below 65536, because some containers have no higher ids. */
const OWNER = { uid: 60_987, gid: 60_987 };
/** The program's id inside a user namespace; outside, it is the id of the service's user. */
const MAPPED_ID = '1000';

const NAMESPACES = [
  '--unshare-ipc',
  '--unshare-pid',
  '--unshare-net',
  '--unshare-uts',
  '--unshare-cgroup-try',
  '--hostname',
  'bctrl',
  '--die-with-parent',
  '--as-pid-1',
  // Only bubblewrap's own process carries the directory's name on the machine.
  '--unsetenv',
  DIRECTORY_VARIABLE,
];

export interface BubblewrapOptions {
  bubblewrapPath: string;
  /** The paths of the machine that every program sees, read-only, besides the system's own folders. */
  paths: string[];
  /** Memory that programs share between their processes, per browser. */
  sharedMemoryBytes: number;
  /** Whether to use the privileges of root. */
  isPrivileged: boolean;
  /** Undefined: nothing limits what programs take of the machine. */
  cgroups: Cgroups | undefined;
}

/**
 * Runs programs in namespaces of their own, made by bubblewrap. A program sees the system's files,
 * read-only, and the files it is given; it sees only its own processes, and nothing of the
 * machine's network. The only way in and out are sockets that the first process inside hands over.
 *
 * With the privileges of root, bubblewrap makes the namespaces as root, and starts the program as a
 * user that owns nothing else on the machine. Without them, it makes the namespaces in a user
 * namespace.
 */
export class BubblewrapJail implements Jail {
  readonly level = 'namespaces';
  readonly owner: Jail['owner'];
  readonly #path: string;
  readonly #systemCalls: string[];
  readonly #arguments: string[];
  readonly #identity: string[];
  readonly #cgroups: Cgroups | undefined;

  private constructor(options: BubblewrapOptions, systemCalls: string[], system: string[]) {
    const { bubblewrapPath, isPrivileged, cgroups } = options;
    this.owner = isPrivileged ? OWNER : undefined;
    this.#path = bubblewrapPath;
    this.#systemCalls = systemCalls;
    this.#arguments = [...NAMESPACES, ...(isPrivileged ? AS_ROOT : AS_USER), ...system];
    this.#identity = isPrivileged ? BECOME_OWNER : [];
    this.#cgroups = cgroups;
  }

  /** Throws JailUnavailable where no socket can be handed over. */
  static async open(options: BubblewrapOptions): Promise<BubblewrapJail> {
    const systemCalls = SYSTEM_CALLS[process.arch];
    if (systemCalls === undefined)
      throw new JailUnavailable(`there is no jail for ${process.arch} yet`);
    const mounts = await systemMounts(options);
    const porter = mountArguments([
      { kind: 'folder', from: PORTER, at: PORTER_INSIDE, writable: false },
    ]);
    return new BubblewrapJail(options, systemCalls, [...mounts, ...porter]);
  }

  seen(): string {
    return INSIDE;
  }

  async start(program: Program): Promise<Confined> {
    const { directory, command, env, mounts, accept, stdio } = program;
    await using files = new AsyncDisposableStack();
    const copies = await Promise.all(
      copiesOf(mounts).map(async (from) => files.use(await open(from, 'r'))),
    );
    const firstCopy = stdio.length + 2;
    const ports = accept.map((_, n) => FIRST_PORT + n);
    const bubblewrap = [
      this.#path,
      ...this.#arguments,
      ...mountArguments(mounts, firstCopy),
      ...CLOSED,
      '--info-fd',
      String(stdio.length + 1),
      '--',
      ...this.#identity,
      '/usr/bin/perl',
      PORTER_INSIDE,
      ...this.#systemCalls,
      ports.join(','),
      ...command(ports),
    ];
    const [file = '', ...args] = (await this.#cgroups?.enter(directory, bubblewrap)) ?? bubblewrap;
    const child = spawn(file, args, {
      // A session of its own: one signal reaches every process in it and none of ours.
      detached: true,
      stdio: [...stdio, 'ipc', 'pipe', ...copies.map(({ fd }) => fd)],
      env: { ...env, [DIRECTORY_VARIABLE]: directory },
    });
    child.once('close', () => void this.#cgroups?.leave(directory));
    return confine(child, stdio.length + 1, accept, ports);
  }
}

/**
 * In a user namespace, the folders between the mounts belong to the program's own user, who could
 * fill memory there without a limit. They are closed after all else, since nothing can be mounted
 * there any more.
 */
const CLOSED = ['--remount-ro', '/dev', '--remount-ro', '/'];

/** The program needs these two to become another user, and thereby loses them. */
const AS_ROOT = ['--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID'];
const AS_USER = ['--unshare-user', '--uid', MAPPED_ID, '--gid', MAPPED_ID];
const BECOME_OWNER = [
  '/usr/bin/setpriv',
  `--reuid=${OWNER.uid}`,
  `--regid=${OWNER.gid}`,
  '--clear-groups',
  // Changing the user would otherwise end this tie to the service.
  '--pdeathsig=KILL',
];

async function confine(
  child: ChildProcess,
  infoFd: number,
  accept: Program['accept'],
  ports: readonly number[],
): Promise<Confined> {
  const exited = exitOf(child).then(asOfProgram);
  const closed = new Promise((resolve) => child.once('close', resolve));
  const porter = new Porter(child, accept);
  void exited.then(() => {
    // Once its parent is gone, the channel is the first process's only tie to the service.
    porter.end();
  });
  const first = firstProcess(child, infoFd);
  const pid = await spawned(child);
  return {
    pid,
    child,
    ports,
    exited,
    closed,
    reach:
      (port): Dial =>
      () =>
        porter.connect(port),
    kill: () => killJail(child, pid, first()),
  };
}

/** The id of the first process inside; undefined until bubblewrap tells it. */
function firstProcess(child: ChildProcess, infoFd: number): () => number | undefined {
  const info = child.stdio[infoFd];
  let said = '';
  if (info instanceof Socket) {
    info.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
    info.on('error', () => undefined);
    info.unref();
  }
  return () => {
    const [, pid] = /"child-pid": (\d+)/.exec(said) ?? [];
    return pid === undefined ? undefined : Number(pid);
  };
}

/**
 * When the first process inside ends, every other one ends too, and bubblewrap, its parent,
 * collects it. If both were killed together, the first process would wait for the machine's init to
 * collect it.
 */
function killJail(child: ChildProcess, pid: number, first: number | undefined): void {
  const isOver = child.exitCode !== null || child.signalCode !== null;
  if (isOver || first === undefined) return killGroup(pid);
  yieldGroup(pid);
  try {
    process.kill(first, 'SIGKILL');
    // bubblewrap may have been stopped with its group.
    process.kill(pid, 'SIGCONT');
  } catch {
    killGroup(pid);
  }
}

/** The signals that end programs which are killed or crash. */
const SIGNALS = [
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGINT',
  'SIGKILL',
  'SIGSEGV',
  'SIGSYS',
  'SIGTERM',
  'SIGTRAP',
] as const;

/** bubblewrap reports a program that a signal ended as a shell does: with 128 and the signal's number. */
function asOfProgram({ code, signal }: ProcessExit): ProcessExit {
  const by = SIGNALS.find((name) => code === 128 + constants.signals[name]);
  return by === undefined ? { code, signal } : { code: null, signal: by };
}
