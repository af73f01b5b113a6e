import { readdir, readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';

/** How Chromium names the process that encodes screen recordings. */
const ENCODER = '--utility-sub-type=devtools_media_encoding_service.';
/** With it, a thread gets a tenth of what those of the browser get, where there is not enough for all. */
const LOW = 10;

/**
 * Lowers the priority of what encodes a browser's recordings, so that pages and the commands of
 * clients go first; an encoder that is late skips pictures. `pid` is the process that was started.
 * Threads that start later have the priority of those that start them. It reads what belongs to this
 * browser alone; where the kernel does not tell of it, nothing changes.
 */
export async function yieldEncoders(pid: number): Promise<void> {
  const [command, children] = await Promise.all([
    readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => ''),
  ]);
  if (command.includes(ENCODER)) return yieldThreads(pid);
  await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map((child) => yieldEncoders(Number(child))),
  );
}

/** https://man7.org/linux/man-pages/man2/setpriority.2.html: on Linux, each thread has its own. */
async function yieldThreads(pid: number): Promise<void> {
  for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    try {
      setPriority(Number(thread), LOW);
    } catch {
      // It has ended meanwhile.
    }
  }
}
