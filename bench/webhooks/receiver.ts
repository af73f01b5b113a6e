/**
 * Receives the bench's messages, as a program on another machine would: it takes next to no processor
 * from the service, and lets every thread of it go first.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';

const ANSWER = 'HTTP/1.1 204 No Content\r\n\r\n';

let lags: number[] = [];
const server = createServer((socket) => {
  let rest = '';
  socket.setEncoding('latin1');
  socket.on('error', () => socket.destroy());
  socket.on('data', (text: string) => (rest = receive(rest + text, socket)));
}).listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));

/** Answers the messages that are whole, and returns what is not yet. */
function receive(text: string, socket: Socket): string {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return text;
  const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
  const end = headEnd + 4 + length;
  if (text.length < end) return text;
  if (!text.startsWith('POST /hangs')) {
    const [, at = ''] = /"timestamp":"([^"]+)"/.exec(text) ?? [];
    lags.push(Date.now() - Date.parse(at));
    socket.write(ANSWER);
  }
  return receive(text.slice(end), socket);
}

process.on('message', () => {
  process.send?.({ lags });
  lags = [];
});
process.on('disconnect', () => process.exit());
