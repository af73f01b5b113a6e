import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { closeViewer } from '../../../src/runtime-manager/live/close-viewer.ts';

test.for([
  ['The runtime was stopped.', 'The runtime was stopped.'],
  ['é'.repeat(100), 'é'.repeat(61)],
  [`x${'😀'.repeat(40)}`, `x${'😀'.repeat(30)}`],
])('a reason is cut between characters: %s', async ([reason = '', told]) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  server.on('connection', (socket) => closeViewer(socket, 4410, reason));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const [code, heard]: unknown[] = await once(client, 'close');
  expect([code, String(heard)]).toEqual([4410, told]);
});
