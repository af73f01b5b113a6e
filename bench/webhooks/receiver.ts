/** Receives the bench's messages, as a program on another machine would: it takes no processor from the service. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setPriority } from 'node:os';
import { json } from 'node:stream/consumers';

const LOWEST = 19;

setPriority(LOWEST);
let lags: number[] = [];
const server = createServer((request, response) => {
  if (request.url === '/hangs') return;
  void json(request).then((message) => {
    lags.push(Date.now() - Date.parse(String(Object(message)['timestamp'])));
    response.writeHead(204).end();
  });
}).listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));

process.on('message', () => {
  process.send?.({ lags });
  lags = [];
});
process.on('disconnect', () => process.exit());
