import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { dialAhead } from '../../src/runtime-manager/machine/jail/dial-ahead.ts';

async function listen() {
  const accepted: Socket[] = [];
  const server = createServer((socket) => void accepted.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of accepted) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  const dial = async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  return { accepted, server, dial };
}

test('a connection is open before it is asked for, and each is given out once', async () => {
  const { accepted, dial } = await listen();
  const ahead = dialAhead(dial);
  await expect.poll(() => accepted.length).toBe(1);
  const [first, second] = [await ahead(), await ahead()];
  expect(first).not.toBe(second);
  first.write('first');
  expect(String((await once(accepted[0] ?? first, 'data'))[0])).toBe('first');
  await expect.poll(() => accepted.length).toBe(3);
});

test('a connection that was closed meanwhile is replaced, and an address where nobody listens is an error', async () => {
  const { accepted, server, dial } = await listen();
  const ahead = dialAhead(dial);
  await expect.poll(() => accepted.length).toBe(1);
  accepted[0]?.resetAndDestroy();
  await expect.poll(async () => accepted[0]?.destroyed).toBe(true);
  await new Promise((resolve) => setImmediate(resolve));
  const socket = await ahead();
  expect(socket.destroyed).toBe(false);
  socket.destroy();
  server.close();
  for (const one of accepted) one.destroy();
  await once(server, 'close');
  await ahead().catch(() => undefined);
  await expect(ahead()).rejects.toThrow('ECONNREFUSED');
});
