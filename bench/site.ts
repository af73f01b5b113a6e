import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';

export interface Site extends Disposable {
  url: string;
}

/** A small page on an address of its own. */
export function openSite(title = 'site'): Promise<Site> {
  return serve((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<title>${title}</title><p>here</p>`);
  });
}

/** Whatever `answer` serves, on an address of its own. */
export async function serve(answer: RequestListener): Promise<Site> {
  const site = createServer(answer).listen(0, '127.0.0.1');
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
