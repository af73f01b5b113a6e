import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

const require = createRequire(import.meta.url);

/** What a path answers with: a text is a page or a script, all else is JSON. */
type Route = string | ((body: unknown) => unknown);

export interface CaptchaSite {
  url: string;
  /** The address of a different site than `url`, whose frames have processes of their own. */
  otherUrl: string;
  /** What pages sent to `/got`, in order. */
  got: Record<string, unknown>[];
}

/** A site with pages and vendors' scripts, until the test is over. */
export async function openCaptchaSite(routes: Record<string, Route>): Promise<CaptchaSite> {
  const got: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(`http://x${request.url}`);
    const answer = async () => {
      const sent = await text(request);
      const body: unknown = sent === '' ? undefined : JSON.parse(sent);
      if (pathname === '/got') got.push(Object(body));
      const route = routes[pathname] ?? VENDOR_SCRIPTS[pathname] ?? '';
      const content = typeof route === 'string' ? route : await route(body);
      const type = pathname.endsWith('.js') ? 'text/javascript' : 'text/html';
      if (Buffer.isBuffer(content)) {
        response.setHeader('content-type', 'image/svg+xml');
        response.end(content);
      } else if (typeof content === 'string') {
        response.setHeader('content-type', type);
        response.end(content);
      } else {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(content));
      }
    };
    answer().catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : '';
  return { url: `http://127.0.0.1:${port}`, otherUrl: `http://localhost:${port}`, got };
}

/** A page that can say what happened in it. */
export function page(body: string, head = ''): string {
  return `<!doctype html><title>page</title>${head}
<script>
  const tell = (what) => fetch('/got', { method: 'POST', body: JSON.stringify(what) });
  const response = (name) => document.querySelector('[name="' + name + '"]')?.value;
</script>${body}`;
}

/** A file of a package of the registry. */
export function packageFile(name: string): Promise<string> {
  return readFile(require.resolve(name), 'utf8');
}

/**
 * Stand-ins for what vendors serve, of which they do what is documented of widgets: render by class
 * or by call, put a field where the response will be, take the name of a callback or a function.
 */
const WIDGETS = (options: {
  api: string;
  className: string;
  field: string;
  tag: 'input' | 'textarea';
  /** How the real widget shows its key outside the page's own markup. */
  frame?: string;
}) => `(() => {
  const widgets = [];
  const render = (where, parameters) => {
    const container = typeof where === 'string' ? document.getElementById(where) : where;
    const field = document.createElement('${options.tag}');
    field.name = '${options.field}';
    field.style.display = 'none';
    const box = document.createElement('div');
    ${options.frame === undefined ? '' : `const frame = document.createElement('iframe'); frame.src = '${options.frame}' + parameters.sitekey; box.append(frame);`}
    box.append(field);
    container.append(box);
    widgets.push({ parameters, field });
    return widgets.length - 1;
  };
  window.${options.api} = {
    render,
    getResponse: (id = 0) => widgets[id].field.value,
    reset: (id = 0) => { widgets[id].field.value = ''; },
    execute: async (key, { action } = {}) => 'of the vendor for ' + action,
    ready: (call) => call(),
  };
  const src = new URL(document.currentScript.src);
  const start = () => {
    if (src.searchParams.get('render') === null) {
      for (const element of document.querySelectorAll('.${options.className}[data-sitekey]')) {
        render(element, { sitekey: element.dataset.sitekey });
      }
    }
    window[src.searchParams.get('onload')]?.();
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start);
  else start();
})();`;

const RECAPTCHA = {
  api: 'grecaptcha',
  className: 'g-recaptcha',
  field: 'g-recaptcha-response',
  tag: 'textarea',
} as const;

const VENDOR_SCRIPTS: Record<string, string> = {
  '/recaptcha/api.js': WIDGETS({ ...RECAPTCHA, frame: '/recaptcha/api2/anchor?ar=1&k=' }),
  '/recaptcha/enterprise.js': `${WIDGETS(RECAPTCHA)}
    window.grecaptcha = { enterprise: window.grecaptcha };`,
  '/1/api.js': WIDGETS({
    api: 'hcaptcha',
    className: 'h-captcha',
    field: 'h-captcha-response',
    tag: 'textarea',
  }),
  '/turnstile/v0/api.js': WIDGETS({
    api: 'turnstile',
    className: 'cf-turnstile',
    field: 'cf-turnstile-response',
    tag: 'input',
  }),
};
