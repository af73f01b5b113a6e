import { z } from 'zod';
import { IMAGE_FORMATS } from '../screenshots/screenshot-request.ts';

/** The companion that carries one-shots out. */
export const ONE_SHOTS = 'oneshots';

/** When a page counts as loaded, and the events of Chromium that say so. */
export const LOAD_STATES = ['load', 'domcontentloaded', 'networkidle'] as const;
export type LoadState = (typeof LOAD_STATES)[number];

export const SAME_SITE = ['Strict', 'Lax', 'None'] as const;

const Cookie = z.object({
  name: z.string(),
  value: z.string(),
  domain: z.string().exactOptional(),
  path: z.string().exactOptional(),
  /** In seconds since 1970. */
  expires: z.number().exactOptional(),
  secure: z.boolean().exactOptional(),
  httpOnly: z.boolean().exactOptional(),
  sameSite: z.enum(SAME_SITE).exactOptional(),
});

const Viewport = z.object({
  width: z.number(),
  height: z.number(),
  deviceScaleFactor: z.number(),
  mobile: z.boolean(),
});

/** Which page, and when it is ready. */
const Visit = z.object({
  /** Of the two, one is given. */
  url: z.string().exactOptional(),
  html: z.string().exactOptional(),
  waitFor: z.object({
    state: z.enum(LOAD_STATES),
    selector: z.string().exactOptional(),
    ms: z.number().exactOptional(),
  }),
  /** Undefined: that of the browser. */
  viewport: Viewport.exactOptional(),
  /** Of requests to the origin of the address. */
  headers: z.record(z.string(), z.string()),
  cookies: z.array(Cookie),
});
export type Visit = z.infer<typeof Visit>;

const Clip = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });
export type Clip = z.infer<typeof Clip>;

const ScreenshotWork = z.object({
  what: z.literal('screenshot'),
  format: z.enum(IMAGE_FORMATS),
  quality: z.number().exactOptional(),
  fullPage: z.boolean(),
  selector: z.string().exactOptional(),
  clip: Clip.exactOptional(),
  omitBackground: z.boolean(),
});
export type ScreenshotWork = z.infer<typeof ScreenshotWork>;

/** As `Page.printToPDF` takes it, in inches. */
const PdfWork = z.object({
  what: z.literal('pdf'),
  print: z.object({
    paperWidth: z.number(),
    paperHeight: z.number(),
    marginTop: z.number(),
    marginRight: z.number(),
    marginBottom: z.number(),
    marginLeft: z.number(),
    landscape: z.boolean(),
    scale: z.number(),
    printBackground: z.boolean(),
    displayHeaderFooter: z.boolean(),
    headerTemplate: z.string(),
    footerTemplate: z.string(),
    pageRanges: z.string(),
    preferCSSPageSize: z.boolean(),
    generateTaggedPDF: z.boolean(),
    generateDocumentOutline: z.boolean(),
  }),
});
export type PdfWork = z.infer<typeof PdfWork>;

const ContentWork = z.object({ what: z.literal('content') });

const ScrapedElement = z.object({
  selector: z.string(),
  /** Undefined: all. */
  attributes: z.array(z.string()).exactOptional(),
  limit: z.number(),
});

const ScrapeWork = z.object({
  what: z.literal('scrape'),
  elements: z.record(z.string(), ScrapedElement),
});
export type ScrapeWork = z.infer<typeof ScrapeWork>;

const Work = z.discriminatedUnion('what', [ScreenshotWork, PdfWork, ContentWork, ScrapeWork]);
export type OneShotWork = z.infer<typeof Work>;

/** What is to be done with a page. */
export const OneShotOrder = z.object({
  visit: Visit,
  work: Work,
  /** The time that was asked for, and what is left of it. */
  timeoutMs: z.number(),
  leftMs: z.number(),
});
export type OneShotOrder = z.infer<typeof OneShotOrder>;

/** What is found in a page of an element that was asked for. */
export const ScrapedMatch = z.object({
  text: z.string(),
  html: z.string(),
  attributes: z.record(z.string(), z.string()),
  isTruncated: z.boolean(),
});

/** By the names in the order. */
export const Scraped = z.object({
  title: z.string(),
  elements: z.record(z.string(), z.array(ScrapedMatch)),
});
export type Scraped = z.infer<typeof Scraped>;

/** The headers of an answer of the companion that tell about the page. */
export const PAGE_HEADERS = { url: 'page-url', status: 'page-status' } as const;
