import { pino } from 'pino';
import { z } from 'zod';
import { DataPlaneListener } from '../../../src/runtime-manager/cluster/data-plane/data-plane-listener.ts';
import { Tickets } from '../../../src/runtime-manager/connections/tickets.ts';

/** A node in a process of its own: it sends its clients more and more, and answers nothing. */
const Start = z.object({ nodeId: z.uuid(), key: z.string(), ticketKey: z.string() });

process.once('message', (message) => {
  void start(Start.parse(message)).then((port) => process.send?.(port));
});

async function start({ nodeId, key, ticketKey }: z.infer<typeof Start>): Promise<number> {
  const { port } = await DataPlaneListener.open({
    node: {
      id: nodeId,
      connect: async (_, { socket }) => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n');
        socket.write('Upgrade: websocket\r\n\r\n');
        setInterval(() => socket.write('more'), 10);
        await new Promise(() => undefined);
      },
      answer: () => new Promise(() => undefined),
    },
    tickets: new Tickets([Buffer.from(ticketKey, 'hex')]),
    keys: [Buffer.from(key, 'hex')],
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    serveLine: () => undefined,
    log: pino({ level: 'silent' }),
  });
  return port;
}
