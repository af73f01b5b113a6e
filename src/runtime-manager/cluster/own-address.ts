import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';

/** Any port will do: nothing is sent. */
const ANY_PORT = 9;

/** The address of this machine by which it reaches a host. Throws when there is no way to the host. */
export async function addressTowards(host: string): Promise<string> {
  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
  try {
    socket.connect(ANY_PORT, host);
    await once(socket, 'connect');
    return socket.address().address;
  } finally {
    socket.close();
  }
}
