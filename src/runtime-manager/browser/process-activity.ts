import { readFile } from 'node:fs/promises';

/** Fields of /proc/<pid>/stat after the name: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const CPU_TIMES = [11, 12];
/** Lines of /proc/<pid>/io: https://man7.org/linux/man-pages/man5/proc_pid_io.5.html */
const BYTES = /^[rw]char: \d+$/gm;

/**
 * What the browser process of a Chromium did so far, as the kernel counts it. `pid` is the process
 * that was started; a jail may have put processes of its own above the browser.
 */
export class ProcessActivity {
  readonly #started: number;
  #browser: number | undefined;

  constructor(pid: number) {
    this.#started = pid;
  }

  /**
   * CPU time and bytes moved, as a text that changes when the browser does something. The bytes are
   * missing where the kernel does not show them to this user. Undefined when nothing can be told.
   */
  async read(): Promise<string | undefined> {
    try {
      this.#browser ??= await browserBelow(this.#started);
      const stat = await readFile(`/proc/${this.#browser}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const io = await readFile(`/proc/${this.#browser}/io`, 'utf8').catch(() => '');
      return [...CPU_TIMES.map((nth) => fields[nth]), ...(io.match(BYTES) ?? [])].join(' ');
    } catch {
      return undefined;
    }
  }
}

/**
 * The processes that only make the browser's jail have its whole command line as well, and are
 * above it.
 */
async function browserBelow(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  for (const child of children.split(' ').filter(Boolean).map(Number)) {
    const command = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '');
    const isBrowser = command.includes('--remote-debugging-pipe\0') && !command.includes('--type=');
    if (isBrowser) return browserBelow(child);
  }
  return pid;
}
