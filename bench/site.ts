import { once } from 'node:events';
import { createServer } from 'node:http';

/** A small page on an address of its own. */
export async function openSite(title = 'site'): Promise<{ url: string } & Disposable> {
  const site = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<title>${title}</title><p>here</p>`);
  }).listen(0, '127.0.0.1');
  await once(site, 'listening');
  const address = site.address();
  return {
    url: `http://localhost:${typeof address === 'object' ? address?.port : ''}/`,
    [Symbol.dispose]: () => {
      site.close();
      site.closeAllConnections();
    },
  };
}
