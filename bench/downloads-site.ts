/** Serves as many megabytes as the path says, from a thread of its own. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { parentPort } from 'node:worker_threads';

const MIB = 1024 ** 2;
const CHUNK = Buffer.alloc(MIB, 'z');

const server = createServer(async ({ url = '' }, response) => {
  const megabytes = Number(url.slice(1));
  if (!megabytes) return void response.writeHead(404).end();
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
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
parentPort?.postMessage(`http://localhost:${typeof address === 'object' ? address?.port : 0}/`);
