import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, vi } from 'vitest';
import { openCdp } from '../support/cdp.ts';
import { test } from '../support/test.ts';

const PING_INTERVAL_MS = 30_000;

/** The test moves the clock; sockets work as usual. */
function ownTime(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  onTestFinished(() => void vi.useRealTimers());
}

/** A client that shakes hands and then neither reads frames nor answers pings. */
async function openSilentClient(url: string): Promise<Socket> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const headers = {
    host: 'x',
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${pathname} HTTP/1.1\r\n${lines.join('')}\r\n`);
  await once(socket, 'data');
  socket.resume();
  return socket;
}

test('an idle connection is pinged, and one that answers stays', async ({ workspace }) => {
  ownTime();
  const { connection } = await workspace.create();
  using client = await openCdp(connection.cdpUrl);
  for (let minutes = 0; minutes < 10; minutes++) {
    const pinged = once(client.socket, 'ping');
    vi.advanceTimersByTime(PING_INTERVAL_MS);
    await pinged;
    // The client answers the ping before the command.
    expect(await client.send('Browser.getVersion')).toHaveProperty('product');
  }
});

test('a client that vanished without closing is disconnected', async ({ service, workspace }) => {
  ownTime();
  const { id, connection } = await workspace.create();
  const silent = await openSilentClient(connection.cdpUrl);
  const closed = once(silent, 'close');
  vi.advanceTimersByTime(4 * PING_INTERVAL_MS);
  await closed;
  await expect
    .poll(async () => {
      const { json } = await service.call('GET', `${workspace.runtimes}/${id}/connections`);
      return json.connections.map((one: { attachedClients: number }) => one.attachedClients);
    })
    .toEqual([0, 0, 0, 0]);
});

test('connections are counted, and logged with their runtime', async ({ service, workspace }) => {
  const { id, connection } = await workspace.create();
  const attached = async () => {
    const { json } = await service.call('GET', `${workspace.runtimes}/${id}/connections`);
    const cdp = json.connections.find((one: { protocol: string }) => one.protocol === 'cdp');
    return cdp.attachedClients;
  };
  const clients = [await openCdp(connection.cdpUrl), await openCdp(connection.cdpUrl)];
  await expect.poll(attached).toBe(2);
  clients[0]?.socket.close();
  clients[1]?.socket.terminate();
  await expect.poll(attached).toBe(0);
  const lines = service.logged.filter((line) => line.includes(id));
  for (const said of ['runtime.connected', 'runtime.disconnected']) {
    expect(lines.filter((line) => line.includes(said))).toHaveLength(2);
  }
});
