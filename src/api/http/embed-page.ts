import { createMiddleware } from 'hono/factory';
import type { Context } from 'hono';
import type { Bundle, PageBundle } from '../console/bundle.ts';
import { createRouter, type ApiEnv } from './api-env.ts';
import { ApiError } from './errors.ts';

const FOREVER = 'public, max-age=31536000, immutable';
/** What no embedded page needs; the clipboard is for texts that are copied in the browser. */
const PERMISSIONS = [
  'accelerometer',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'hid',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'serial',
  'usb',
  'clipboard-read',
]
  .map((name) => `${name}=()`)
  .join(', ');

export interface EmbedPage {
  /** In its address, `/embed/<kind>/:id`, and the name of its assets. */
  kind: string;
  title: string;
  bundle: PageBundle;
  /** Whose pages may show this one in a frame, as Content-Security-Policy says it. */
  frameAncestors: string;
  /** What it may load beside scripts, styles and pictures, as Content-Security-Policy says it. */
  alsoLoads?: string[];
}

/** Serves a page that is made to be shown in a frame of somebody else's, and its assets. */
export function embedPageRoutes(embedded: EmbedPage) {
  const { kind, title, bundle } = embedded;
  const router = createRouter();
  const headers = pageHeaders(embedded);
  router.use(`/embed/${kind}/*`, headers);
  router.get(`/embed/${kind}/:id`, async (c) => {
    c.header('cache-control', 'no-store');
    return c.html(page(title, await bundled(c, bundle)));
  });
  router.get(`/embed/assets/:name{${kind}\\..+}`, headers, async (c) => {
    const { assets } = await bundled(c, bundle);
    const asset = assets.get(c.req.param('name'));
    if (!asset) {
      const hint = 'The page was bundled anew: load it again.';
      throw new ApiError('route.not_found', 'No such asset.', { hint });
    }
    c.header('content-type', asset.type);
    c.header('cache-control', FOREVER);
    c.header('vary', 'accept-encoding');
    if (!/\bgzip\b/.test(c.req.header('accept-encoding') ?? '')) return c.body(asset.content);
    c.header('content-encoding', 'gzip');
    return c.body(asset.gzipped);
  });
  return router;
}

async function bundled(c: Context<ApiEnv>, bundle: PageBundle): Promise<Bundle> {
  try {
    return await bundle.get();
  } catch (error) {
    c.var.log.error({ err: error }, 'an embedded page could not be bundled');
    throw new ApiError('server.error', 'The page could not be bundled.', {
      hint: 'The log of the service says what is wrong with its source.',
    });
  }
}

function pageHeaders({ frameAncestors, alsoLoads = [] }: EmbedPage) {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    ...alsoLoads,
    "connect-src 'self'",
    "font-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${frameAncestors}`,
  ].join('; ');
  return createMiddleware<ApiEnv>(async (c, next) => {
    c.header('content-security-policy', policy);
    c.header('referrer-policy', 'no-referrer');
    c.header('x-content-type-options', 'nosniff');
    c.header('permissions-policy', PERMISSIONS);
    await next();
  });
}

/** Names its assets relatively, so that the page works below any path. */
function page(title: string, { script, style }: Bundle): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="../assets/${style}">
    <script type="module" src="../assets/${script}"></script>
  </head>
  <body><div id="app"></div></body>
</html>
`;
}
