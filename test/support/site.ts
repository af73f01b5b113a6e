import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { onTestFinished } from 'vitest';

const FORM = `<!doctype html><title>site</title>
<label>Name <input id="name" autofocus></label>
<button id="greet" onclick="document.getElementById('said').textContent = 'Hello ' + document.getElementById('name').value">Greet</button>
<p id="said"></p>`;

/** A page with a form, on an address of its own, until the test is over. */
export function openSite(html = FORM): Promise<string> {
  return serveSite((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(html);
  });
}

/** Whatever `answer` serves, on an address of its own, until the test is over. */
export async function serveSite(answer: RequestListener): Promise<string> {
  const site = createServer(answer);
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  onTestFinished(() => {
    site.close();
    site.closeAllConnections();
  });
  const address = site.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
}
