/** Serves as many megabytes as the path says, in a process of its own. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';

const MIB = 1024 ** 2;
const CHUNK = Buffer.alloc(MIB, 'z');

const server = createServer(({ url = '' }, response) => {
  const megabytes = Number(url.slice(1));
  if (megabytes > 0) void send(megabytes, response);
  else response.writeHead(404).end();
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
console.log(`http://localhost:${typeof address === 'object' ? address?.port : 0}/`);

async function send(megabytes: number, response: ServerResponse): Promise<void> {
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="data.bin"',
    'content-length': megabytes * MIB,
  });
  for (let sent = 0; sent < megabytes && !response.destroyed; sent++) {
    if (!response.write(CHUNK))
      await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}
