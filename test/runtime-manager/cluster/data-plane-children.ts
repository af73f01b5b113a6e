import { fork, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { DataPlaneClient } from '../../../src/runtime-manager/cluster/data-plane/data-plane-client.ts';
import { Tickets } from '../../../src/runtime-manager/connections/tickets.ts';

/** A node in a process of its own (`data-plane-process.ts`), and a client of it. */
export async function openProcess() {
  const nodeId = randomUUID();
  const [key, ticketKey] = [randomBytes(32), randomBytes(32)];
  const child = fork(new URL('data-plane-process.ts', import.meta.url), { execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.send({ nodeId, key: key.toString('hex'), ticketKey: ticketKey.toString('hex') });
  const [port] = await once(child, 'message');
  const tickets = new Tickets([ticketKey]);
  const client = new DataPlaneClient({ tickets, keys: [key], tls: undefined });
  onTestFinished(() => client[Symbol.asyncDispose]());
  return { child, client, target: { nodeId, address: `127.0.0.1:${port}` } };
}

const FULL = `
  const server = require('node:net').createServer();
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port));
`;

/** An address that answers nothing, not even who dials it: a stopped process whose backlog is full. */
export async function openBlackHole(): Promise<string> {
  const child = spawn(process.execPath, ['-e', FULL], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const port = Number(line);
  child.kill('SIGSTOP');
  for (;;) {
    const socket = connect({ host: '127.0.0.1', port });
    onTestFinished(() => void socket.destroy());
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(1000) });
    } catch {
      return `127.0.0.1:${port}`;
    }
  }
}
