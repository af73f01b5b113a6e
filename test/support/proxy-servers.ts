import { once } from 'node:events';
import { createServer as createHttpServer, request as requestOf } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface ProxyServer extends Disposable {
  port: number;
  /** Each `host:port` that the proxy was asked to reach, in order. */
  asked: string[];
  /** The local ports of the proxy's connections to them. */
  outbound: number[];
  /** How many connections the proxy has now. */
  open: () => number;
}

export interface ProxyServerOptions {
  username?: string;
  password?: string;
  /** Where names lead; every address leads to itself. */
  names?: Record<string, string>;
}

/** RFC 1928 and 1929. */
export function listenAsSocksProxy(options: ProxyServerOptions = {}): Promise<ProxyServer> {
  return listen((asked, outbound) =>
    createServer((client) => {
      client.on('error', () => client.destroy());
      serveSocks(client, options, { asked, outbound }).catch(() => client.destroy());
    }),
  );
}

/** An HTTP proxy with tunnels and plain requests. */
export function listenAsHttpProxy(options: ProxyServerOptions = {}): Promise<ProxyServer> {
  return listen((asked) => {
    const { username, password } = options;
    const wanted =
      username === undefined
        ? undefined
        : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const server = createHttpServer((request, response) => {
      if (request.headers['proxy-authorization'] !== wanted) {
        response.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end();
        return;
      }
      const url = new URL(request.url ?? '');
      asked.push(url.host);
      const { 'proxy-authorization': _, ...headers } = request.headers;
      const to = { host: resolveName(url.hostname, options), port: url.port, path: url.pathname };
      const onward = requestOf({ ...to, method: request.method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.writeHead(502).end());
      request.pipe(onward);
    });
    server.on('connect', (request, client: Socket) => {
      client.on('error', () => client.destroy());
      if (request.headers['proxy-authorization'] !== wanted) {
        client.end('HTTP/1.1 407 No\r\nproxy-authenticate: Basic realm="proxy"\r\n\r\n');
        return;
      }
      const [, host = '', port] = /^(.*):(\d+)$/.exec(request.url ?? '') ?? [];
      asked.push(request.url ?? '');
      const onward = connect(Number(port), resolveName(host, options), () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(client).pipe(onward);
      });
      onward.on('error', () => client.end('HTTP/1.1 502 No\r\n\r\n'));
    });
    return server;
  });
}

/** Does with each connection what it is told. */
export function listenAsOddProxy(behave: (client: Socket) => void): Promise<ProxyServer> {
  return listen(() =>
    createServer((client) => {
      client.on('error', () => client.destroy());
      behave(client);
    }),
  );
}

type Seen = Pick<ProxyServer, 'asked' | 'outbound'>;

async function listen(
  create: (asked: string[], outbound: number[]) => Server,
): Promise<ProxyServer> {
  const asked: string[] = [];
  const outbound: number[] = [];
  const server = create(asked, outbound);
  const clients = new Set<Socket>();
  server.on('connection', (client: Socket) => {
    clients.add(client);
    client.once('close', () => clients.delete(client));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // oxlint-disable-line typescript/no-unsafe-type-assertion
  return {
    port,
    asked,
    outbound,
    open: () => clients.size,
    [Symbol.dispose]: () => {
      server.close();
      for (const client of clients) client.destroy();
    },
  };
}

function resolveName(host: string, { names = {} }: ProxyServerOptions): string {
  return names[host] ?? host.replace(/^\[|\]$/g, '');
}

async function serveSocks(client: Socket, options: ProxyServerOptions, seen: Seen) {
  const { username, password } = options;
  const [, count = 0] = await take(client, 2);
  const methods = await take(client, count);
  const method = username === undefined ? 0 : 2;
  if (!methods.includes(method)) return void client.end(Buffer.from([5, 0xff]));
  client.write(Buffer.from([5, method]));
  if (method === 2) {
    await take(client, 1);
    const given = [await takeText(client), await takeText(client)];
    const isRight = given[0] === username && given[1] === password;
    client.write(Buffer.from([1, isRight ? 0 : 1]));
    if (!isRight) return void client.end();
  }
  const [, , , type] = await take(client, 4);
  const host =
    type === 3
      ? await takeText(client)
      : type === 1
        ? (await take(client, 4)).join('.')
        : (await take(client, 16)).toString('hex').replace(/(.{4})(?=.)/g, '$1:');
  const port = (await take(client, 2)).readUInt16BE();
  seen.asked.push(`${host}:${port}`);
  const onward = connect(port, resolveName(host, options), () => {
    seen.outbound.push(onward.localPort ?? 0);
    client.write(replyOf(0));
    onward.pipe(client).pipe(onward);
  });
  onward.on('error', () => client.end(replyOf(5)));
}

const replyOf = (code: number) => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);

async function takeText(socket: Socket): Promise<string> {
  const [size = 0] = await take(socket, 1);
  return (await take(socket, size)).toString();
}

async function take(socket: Socket, size: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let missing = size; missing > 0;) {
    const chunk: Buffer | null = socket.read(Math.min(missing, socket.readableLength));
    if (chunk) chunks.push(chunk);
    else await once(socket, 'readable');
    missing -= chunk?.length ?? 0;
  }
  return Buffer.concat(chunks);
}
