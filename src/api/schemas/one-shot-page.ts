import { z } from '@hono/zod-openapi';
import { LOAD_STATES, SAME_SITE } from '../../runtime-manager/index.ts';
import { EgressRules } from './browser-config.ts';
import { launchWith } from './launch.ts';
import type { RequestCeilings } from './runtime.ts';
import { absentable } from '../../runtime-manager/runtime/index.ts';

const TIMEOUT_MS = { usual: 30_000, least: 1000, most: 120_000 };
const VIEWPORT = { width: 1280, height: 720 };
const VIEWPORT_MOST = 7680;
/** More would be more than Chromium draws at once. */
const VIEWPORT_PIXELS = 64_000_000;
const MOST_HEADERS = 50;
const MOST_COOKIES = 100;

/** https://www.rfc-editor.org/rfc/rfc9110#name-field-names */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const HEADER_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]{0,8000}$/;
/** What a browser writes itself: https://fetch.spec.whatwg.org/#forbidden-request-header */
const BROWSERS_HEADERS =
  /^(?:accept-(?:charset|encoding)|access-control-.*|connection|content-length|cookie|date|dnt|expect|host|keep-alive|origin|proxy-.*|sec-.*|te|trailer|transfer-encoding|upgrade|via)$/i;
/** https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1 */
// oxlint-disable-next-line no-control-regex
const COOKIE_TEXT = /^[^\u0000-\u001f\u007f;]*$/;
// oxlint-disable-next-line no-control-regex
const COOKIE_NAME = /^[^\u0000-\u0020\u007f;=]{1,4096}$/;

export const Selector = z.string().min(1).max(2000).openapi({
  description: 'A CSS selector. It matches elements of the page itself, not of its frames.',
  example: 'h1',
});

const WaitFor = z
  .strictObject({
    state: z.enum(LOAD_STATES).default('load').openapi({
      description:
        '`load`: the page has loaded, with its images and styles; `domcontentloaded`: its HTML has been parsed; `networkidle`: it has loaded nothing for half a second.',
    }),
    selector: absentable(Selector).openapi({
      description: 'Then wait until an element matches, whether or not it is visible.',
    }),
    ms: absentable(z.int().min(1).max(60_000)).openapi({
      description: 'Then wait this many milliseconds.',
    }),
  })
  .default({ state: 'load' })
  .openapi('WaitFor', { description: 'What to wait for before the page is considered ready.' });

const Viewport = z
  .strictObject({
    width: z.int().min(1).max(VIEWPORT_MOST),
    height: z.int().min(1).max(VIEWPORT_MOST),
    deviceScaleFactor: z.number().min(0.1).max(4).default(1).openapi({
      description:
        'The number of device pixels per CSS pixel, in each direction. It also applies to images.',
    }),
    mobile: z.boolean().default(false).openapi({
      description: 'Respects `<meta name="viewport">` and supports touch, as phones do.',
    }),
  })
  .refine(
    ({ width, height, deviceScaleFactor }) =>
      width * height * deviceScaleFactor ** 2 <= VIEWPORT_PIXELS,
    `At most ${VIEWPORT_PIXELS} pixels`,
  )
  .openapi('Viewport', { example: { width: 1280, height: 720 } });

const Headers = z
  .record(
    z
      .string()
      .regex(HEADER_NAME, 'Not the name of a header')
      .refine((name) => !BROWSERS_HEADERS.test(name), 'The browser itself writes this header'),
    z.string().regex(HEADER_VALUE, 'Not the value of a header'),
  )
  .refine((headers) => Object.keys(headers).length <= MOST_HEADERS, `At most ${MOST_HEADERS}`)
  .default({})
  .openapi({
    description:
      'Headers for all requests to the origin of `url`, and to no other origin. For cookies, use `cookies`.',
    example: { authorization: 'Bearer a1b2c3' },
  });

const Cookie = z
  .strictObject({
    name: z.string().regex(COOKIE_NAME, 'Not the name of a cookie'),
    value: z.string().max(4096).regex(COOKIE_TEXT, 'Not the value of a cookie'),
    domain: absentable(z.string().min(1).max(255).regex(COOKIE_TEXT)).openapi({
      description: 'By default the host of `url`, without its subdomains.',
    }),
    path: absentable(z.string().max(1024).startsWith('/').regex(COOKIE_TEXT)),
    expires: absentable(z.number().positive().max(253_402_300_799)).openapi({
      description: 'In seconds since 1970; by default the cookie lasts as long as the browser.',
    }),
    secure: absentable(z.boolean()),
    httpOnly: absentable(z.boolean()),
    sameSite: absentable(z.enum(SAME_SITE)),
  })
  .openapi('OneShotCookie', { example: { name: 'session', value: 'a1b2c3' } });

/** The fields of every one-shot. */
export const pageFields = ({ extensions }: RequestCeilings) => ({
  url: absentable(
    z.url({ protocol: /^https?$/, error: 'Must be an http or https URL' }).max(20_000),
  ).openapi({
    description: 'The URL of the page. Give either `url` or `html`.',
    example: 'https://example.com',
  }),
  html: absentable(z.string().min(1)).openapi({
    description:
      'The HTML of the page. It is shown at about:blank, so relative URLs need a `<base href="https://…">`, and the page has no storage. The whole request may have up to 10 MB.',
    example: '<h1>Hello</h1>',
  }),
  waitFor: WaitFor,
  viewport: absentable(Viewport).openapi({
    description: `By default ${VIEWPORT.width} × ${VIEWPORT.height}, or the viewport of the profile if there is one.`,
  }),
  headers: Headers,
  cookies: z.array(Cookie).max(MOST_COOKIES).default([]).openapi({
    description: 'Cookies to set before the browser loads the page.',
  }),
  launch: launchWith(extensions),
  egress: EgressRules.optional(),
  timeoutMs: z.int().min(TIMEOUT_MS.least).max(TIMEOUT_MS.most).default(TIMEOUT_MS.usual).openapi({
    description:
      'The time limit for the whole request, in milliseconds: to start the browser, load the page and produce the result.',
  }),
});

interface PageFields {
  url?: string;
  html?: string;
  headers: Record<string, string>;
  cookies: { domain?: string }[];
}

/** The rules about which fields of a page go together. */
export function judgePage(
  { url, html, headers, cookies }: PageFields,
  { addIssue }: Pick<z.core.$RefinementCtx, 'addIssue'>,
): void {
  const refuse = (path: PropertyKey[], message: string) =>
    addIssue({ code: 'custom', path, message });
  if (url === undefined && html === undefined) refuse(['url'], 'Give either url or html');
  if (url !== undefined && html !== undefined)
    refuse(['html'], 'Give either url or html, not both');
  if (url !== undefined) return;
  if (Object.keys(headers).length > 0) refuse(['headers'], 'These go with a url');
  for (const [nth, { domain }] of cookies.entries()) {
    if (domain === undefined) refuse(['cookies', nth, 'domain'], 'Required without a url');
  }
}

type Page = z.infer<z.ZodObject<ReturnType<typeof pageFields>>>;

/** What of a request is about the page, and about its runtime. */
export function toPage({ launch, egress, timeoutMs, ...page }: Page) {
  const usual = { ...VIEWPORT, deviceScaleFactor: 1, mobile: false };
  const viewport = page.viewport ?? (launch.mode === 'ephemeral' ? usual : undefined);
  const { url, html, waitFor, headers, cookies } = page;
  const visit = {
    ...(url !== undefined && { url }),
    ...(html !== undefined && { html }),
    ...(viewport && { viewport }),
    waitFor,
    headers,
    cookies,
  };
  return { visit, launch, egress, timeoutMs };
}
