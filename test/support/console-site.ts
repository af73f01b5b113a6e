import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { PageBundle } from '../../src/api/console/bundle.ts';

const ENTRY = fileURLToPath(new URL('../../src/console/app/main.tsx', import.meta.url));

export interface ConsoleSite extends AsyncDisposable {
  origin: string;
  /** Where the service is, which may be another one after a restart; undefined while it is away. */
  target: URL | undefined;
  /** Takes the service away, with all connections to it. */
  cut: () => void;
}

/** Serves the console, and passes everything else to a service, as whoever has the key. */
export async function openConsoleSite(url: string, apiKey: string): Promise<ConsoleSite> {
  const bundle = new PageBundle('console', ENTRY);
  const self = { target: new URL(url) as URL | undefined };
  const pass = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (!self.target) {
      outgoing.destroy();
      return;
    }
    // Whoever brings a credential is who it says.
    const headers = { authorization: `Bearer ${apiKey}`, ...incoming.headers };
    const { method, url: path } = incoming;
    const { hostname: host, port } = self.target;
    const passed = request({ host, port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    outgoing.on('close', () => passed.destroy());
    incoming.pipe(passed);
  };
  const serve = async (path: string, outgoing: ServerResponse) => {
    const { script, style, assets } = await bundle.get();
    const asset = assets.get(path.slice('/console/assets/'.length));
    if (asset) {
      outgoing.setHeader('content-type', asset.type).end(asset.content);
      return;
    }
    outgoing
      .setHeader('content-type', 'text/html; charset=utf-8')
      .setHeader('content-security-policy', POLICY)
      .end(pageOf(script, style));
  };
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '/';
    if (path.startsWith('/console')) void serve(path, outgoing);
    else pass(incoming, outgoing);
  });
  server.on('upgrade', (incoming, socket, head) => {
    if (!self.target) {
      socket.destroy();
      return;
    }
    const upstream = connect(Number(self.target.port), self.target.hostname);
    const lines = incoming.rawHeaders.flatMap((part, i) =>
      i % 2 === 0 ? [`${part}: ${incoming.rawHeaders[i + 1]}`] : [],
    );
    upstream.write(`GET ${incoming.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
    for (const end of [upstream, socket])
      end.on('error', () => [upstream, socket].forEach((s) => s.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(self, {
    origin: `http://127.0.0.1:${port}`,
    cut: () => {
      self.target = undefined;
      server.closeAllConnections();
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  });
}

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

function pageOf(script: string, style: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>bctrl</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/console/assets/${style}">
    <script type="module" src="/console/assets/${script}"></script>
  </head>
  <body><div id="app"></div></body>
</html>
`;
}
