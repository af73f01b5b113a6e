import { readdir, readFile, readlink } from 'node:fs/promises';

/** TCP_LISTEN: https://docs.kernel.org/networking/proc_net_tcp.html */
const LISTEN = '0A';

/** The TCP ports that processes listen on. The ports of other users' processes cannot be seen. */
export async function listeningPorts(pids: readonly number[]): Promise<number[]> {
  const inodes = new Set((await Promise.all(pids.map(socketInodes))).flat());
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const ports = tables
    .flatMap((table) => table.trim().split('\n').slice(1))
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === LISTEN && inodes.has(inode ?? ''))
    .map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16));
  return [...new Set(ports)];
}

async function socketInodes(pid: number): Promise<string[]> {
  const directory = `/proc/${pid}/fd`;
  const names = await readdir(directory).catch(() => []);
  const links = await Promise.all(
    names.map((name) => readlink(`${directory}/${name}`).catch(() => '')),
  );
  return links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []);
}
