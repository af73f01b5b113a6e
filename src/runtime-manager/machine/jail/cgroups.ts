import { access, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** How much one browser and its helpers may take together. */
export interface JailLimits {
  memoryBytes: number;
  /** Processes and threads. */
  tasks: number;
}

const ROOT = '/sys/fs/cgroup';
const PROCESSES = 'cgroup.procs';
const REMOVE_TRIES = 50;
const REMOVE_RETRY_MS = 20;

/** https://docs.kernel.org/admin-guide/cgroup-v2.html, and cgroup-v1/memory.html of the same guide. */
const LIMIT_FILES = {
  unified: { memory: 'memory.max', pids: 'pids.max' },
  separate: { memory: 'memory.limit_in_bytes', pids: 'pids.max' },
} as const;

/** A directory of the kernel's below which groups of browsers lie, and the files that limit them. */
interface Hierarchy {
  path: string;
  files: Partial<{ memory: string; pids: string }>;
}

/** Groups of processes whose memory and number the kernel limits: one for each browser. */
export class Cgroups implements AsyncDisposable {
  readonly #hierarchies: Hierarchy[];
  readonly #limits: JailLimits;
  readonly #members = new Map<string, number>();

  private constructor(hierarchies: Hierarchy[], limits: JailLimits) {
    this.#hierarchies = hierarchies;
    this.#limits = limits;
  }

  /** Undefined where the service may make no groups: it is not root, and no group was delegated to it. */
  static async open(id: string, limits: JailLimits): Promise<Cgroups | undefined> {
    const text = await readFile('/proc/self/cgroup', 'utf8').catch(() => '');
    const own = new Map(text.split('\n').map((line) => ownPath(line)));
    const name = `bctrl-${id.slice(0, 8)}`;
    const hierarchies = (await openUnified(own.get(''), name)) ?? (await openSeparate(own, name));
    if (!hierarchies) return undefined;
    await Promise.all(hierarchies.map(({ path }) => removeBelow(path)));
    return new Cgroups(hierarchies, limits);
  }

  /**
   * A command that joins the group of a browser, then becomes the given one. The group stays until
   * `leave` was called as often as `enter`.
   */
  async enter(directory: string, command: string[]): Promise<string[]> {
    const name = basename(directory);
    const members = this.#members.get(name) ?? 0;
    this.#members.set(name, members + 1);
    if (members === 0) await this.#create(name);
    const files = this.#hierarchies.map(({ path }) => join(path, name, PROCESSES));
    const joins = files.map((_, nth) => `echo 0 > "$${nth + 1}"`);
    const script = [...joins, `shift ${files.length}`, 'exec "$@"'].join(' && ');
    return ['/bin/sh', '-c', script, 'sh', ...files, ...command];
  }

  async leave(directory: string): Promise<void> {
    const name = basename(directory);
    const members = (this.#members.get(name) ?? 1) - 1;
    this.#members.set(name, members);
    if (members > 0) return;
    this.#members.delete(name);
    await Promise.all(this.#hierarchies.map(({ path }) => remove(join(path, name))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { path } of this.#hierarchies) await remove(path);
  }

  async #create(name: string): Promise<void> {
    const { memoryBytes, tasks } = this.#limits;
    await Promise.all(
      this.#hierarchies.map(async ({ path, files }) => {
        await mkdir(join(path, name), { recursive: true });
        if (files.memory) await writeFile(join(path, name, files.memory), String(memoryBytes));
        if (files.pids) await writeFile(join(path, name, files.pids), String(tasks));
      }),
    );
  }
}

/** The controllers of a hierarchy, empty for the unified one, and the path of this process in it. */
function ownPath(line: string): [string, string] {
  const [, controllers = '-', path = '/'] = line.split(':');
  return [controllers, path];
}

/** Opens a group in the group of the service, where that was delegated to it, or at the top for root. */
async function openUnified(own: string | undefined, name: string) {
  if (own === undefined || !(await isThere(join(ROOT, 'cgroup.controllers')))) return undefined;
  for (const above of new Set([join(ROOT, own, '..'), join(ROOT, own), ROOT])) {
    const path = join(above, name);
    try {
      await mkdir(path, { recursive: true });
      await enable(above);
      await enable(path);
      if (await isThere(join(path, LIMIT_FILES.unified.memory))) {
        return [{ path, files: LIMIT_FILES.unified }];
      }
    } catch {
      // Another place may do.
    }
    await remove(path);
  }
  return undefined;
}

async function enable(path: string): Promise<void> {
  // Where this process may not write, the controllers may be enabled already.
  await writeFile(join(path, 'cgroup.subtree_control'), '+memory +pids').catch(() => undefined);
}

async function openSeparate(own: Map<string, string>, name: string) {
  const { memory, pids } = LIMIT_FILES.separate;
  const hierarchies: Hierarchy[] = [];
  for (const [controller, files] of [
    ['memory', { memory }],
    ['pids', { pids }],
  ] as const) {
    const path = join(ROOT, controller, own.get(controller) ?? '/', name);
    try {
      await access(join(ROOT, controller, PROCESSES));
      await mkdir(path, { recursive: true });
      hierarchies.push({ path, files });
    } catch {
      await Promise.all(hierarchies.map((one) => remove(one.path)));
      return undefined;
    }
  }
  return hierarchies;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Removes what a service that was killed left. */
async function removeBelow(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true });
  const groups = entries.filter((entry) => entry.isDirectory());
  await Promise.all(groups.map(({ name }) => remove(join(path, name))));
}

/** Retries, since the kernel counts the last process for a moment after its end. */
async function remove(path: string): Promise<void> {
  for (let n = 0; n < REMOVE_TRIES; n++) {
    try {
      return await rmdir(path);
    } catch (error) {
      const isBusy = error instanceof Error && 'code' in error && error.code === 'EBUSY';
      if (!isBusy) return;
      await delay(REMOVE_RETRY_MS, undefined, { ref: false });
    }
  }
}
