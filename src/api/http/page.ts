import { createMiddleware } from 'hono/factory';
import type { Context } from 'hono';
import type { Bundle, PageBundle } from '../console/bundle.ts';
import type { ApiEnv } from './api-env.ts';
import { ApiError } from './errors.ts';

const FOREVER = 'public, max-age=31536000, immutable';
/** What no page needs; the clipboard is for texts that are copied in the browser. */
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

export interface PagePolicy {
  /** Whose pages may show this one in a frame, as Content-Security-Policy says it. */
  frameAncestors: string;
  /** What else Content-Security-Policy says, beside scripts, styles and pictures. */
  directives?: string[];
  /** Whom the page tells where a request comes from. */
  referrer?: 'no-referrer' | 'same-origin';
}

/** Sets the headers of a page and its assets: nothing of other hosts, and nothing inline. */
export function pageHeaders({
  frameAncestors,
  directives = [],
  referrer = 'no-referrer',
}: PagePolicy) {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    ...directives,
    "connect-src 'self'",
    "font-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${frameAncestors}`,
  ].join('; ');
  return createMiddleware<ApiEnv>(async (c, next) => {
    c.header('content-security-policy', policy);
    c.header('referrer-policy', referrer);
    c.header('x-content-type-options', 'nosniff');
    c.header('permissions-policy', PERMISSIONS);
    await next();
  });
}

export interface Page {
  title: string;
  bundle: PageBundle;
  /** Where its assets are, seen from the page: relative, so that it works below any path. */
  assets: string;
}

export async function answerPage(
  c: Context<ApiEnv>,
  { title, bundle, assets }: Page,
): Promise<Response> {
  const { script, style, parts } = await bundled(c, bundle);
  const preloads = parts.map((part) => `<link rel="modulepreload" href="${assets}/${part}">`);
  c.header('cache-control', 'no-store');
  return c.html(`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="${assets}/${style}">
    ${preloads.join('')}
    <script type="module" src="${assets}/${script}"></script>
  </head>
  <body><div id="app"></div></body>
</html>
`);
}

/** Throws `route.not_found` for an asset of another version of the page. */
export async function answerAsset(
  c: Context<ApiEnv>,
  bundle: PageBundle,
  name: string,
): Promise<Response> {
  const { assets } = await bundled(c, bundle);
  const asset = assets.get(name);
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
}

async function bundled(c: Context<ApiEnv>, bundle: PageBundle): Promise<Bundle> {
  try {
    return await bundle.get();
  } catch (error) {
    c.var.log.error({ err: error }, 'a page could not be bundled');
    throw new ApiError('server.error', 'The page could not be bundled.', {
      hint: 'The log of the service shows what is wrong with its source.',
    });
  }
}
