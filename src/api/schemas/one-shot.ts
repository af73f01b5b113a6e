import { z } from '@hono/zod-openapi';
import { IMAGE_FORMATS, type OneShotWork } from '../../runtime-manager/index.ts';
import { judgePage, pageFields, Selector, toPage } from './one-shot-page.ts';
import { PdfFields, toPrint } from './pdf.ts';
import type { RequestCeilings } from './runtime.ts';
import { absentable } from '../../runtime-manager/runtime/index.ts';

const QUALITY = 90;
const MOST_PIXELS = 20_000;
const MOST_NAMES = 50;
const MOST_MATCHES = 1000;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

const Clip = z
  .strictObject({
    x: z.number().min(0).max(1_000_000),
    y: z.number().min(0).max(1_000_000),
    width: z.number().min(1).max(MOST_PIXELS),
    height: z.number().min(1).max(MOST_PIXELS),
  })
  .openapi('Clip', { example: { x: 0, y: 0, width: 640, height: 360 } });

/** What a picture may be of. */
const PARTS = ['fullPage', 'selector', 'clip'] as const;

export const screenshotRequest = (ceilings: RequestCeilings) =>
  z
    .strictObject({
      ...pageFields(ceilings),
      format: z.enum(IMAGE_FORMATS).default('png'),
      quality: absentable(z.int().min(1).max(100)).openapi({
        description: `Only for \`jpeg\` and \`webp\`; by default ${QUALITY}.`,
      }),
      fullPage: z.boolean().default(false).openapi({
        description: 'Captures the whole page from top to bottom, instead of the viewport.',
      }),
      selector: absentable(Selector).openapi({
        description:
          'Captures only the first matching element that has a size. The service waits for it until `timeoutMs`.',
      }),
      clip: absentable(Clip).openapi({
        description: 'Captures only this part of the page, in CSS pixels from its top left corner.',
      }),
      omitBackground: z.boolean().default(false).openapi({
        description:
          'Leaves out the white background of pages that have no background of their own. Not available for `jpeg`.',
      }),
    })
    .superRefine((request, context) => {
      judgePage(request, context);
      const { format, quality, omitBackground } = request;
      const refuse = (field: string, message: string) =>
        context.addIssue({ code: 'custom', path: [field], message });
      if (format === 'png' && quality !== undefined) refuse('quality', 'A png has no quality');
      if (format === 'jpeg' && omitBackground) refuse('omitBackground', 'A jpeg has a background');
      const [, another] = PARTS.filter((part) => request[part]);
      if (another) refuse(another, `Give one of ${PARTS.join(', ')}`);
    })
    .openapi('OneShotScreenshot', { example: { url: 'https://example.com', fullPage: true } });

export type ScreenshotRequest = z.infer<ReturnType<typeof screenshotRequest>>;

export function toScreenshot(request: ScreenshotRequest) {
  const { format, quality = QUALITY, fullPage, selector, clip, omitBackground } = request;
  const work: OneShotWork = {
    what: 'screenshot',
    format,
    ...(format !== 'png' && { quality }),
    fullPage,
    ...(selector !== undefined && { selector }),
    ...(clip && { clip }),
    omitBackground,
  };
  return { ...toPage(request), work };
}

export const pdfRequest = (ceilings: RequestCeilings) =>
  z
    .strictObject({ ...pageFields(ceilings), ...PdfFields })
    .superRefine(judgePage)
    .openapi('OneShotPdf', { example: { url: 'https://example.com', format: 'A4' } });

export function toPdf(request: z.infer<ReturnType<typeof pdfRequest>>) {
  const work: OneShotWork = { what: 'pdf', print: toPrint(request) };
  return { ...toPage(request), work };
}

export const contentRequest = (ceilings: RequestCeilings) =>
  z
    .strictObject(pageFields(ceilings))
    .superRefine(judgePage)
    .openapi('OneShotContent', { example: { url: 'https://example.com' } });

export function toContent(request: z.infer<ReturnType<typeof contentRequest>>) {
  const work: OneShotWork = { what: 'content' };
  return { ...toPage(request), work };
}

const Wanted = z
  .strictObject({
    selector: Selector,
    attributes: absentable(z.array(z.string().min(1).max(200)).max(100)).openapi({
      description: 'The attributes to read; by default all.',
      example: ['href'],
    }),
    limit: z.int().min(1).max(MOST_MATCHES).default(100).openapi({
      description: 'How many matches to read, starting at the top of the page.',
    }),
  })
  .openapi('ScrapeElement');

export const scrapeRequest = (ceilings: RequestCeilings) =>
  z
    .strictObject({
      ...pageFields(ceilings),
      elements: z
        .record(z.string().regex(NAME, 'A letter, then up to 63 letters, digits, _ and -'), Wanted)
        .refine((elements) => {
          const names = Object.keys(elements).length;
          return names >= 1 && names <= MOST_NAMES;
        }, `1 to ${MOST_NAMES} elements`)
        .openapi({ description: 'The elements to read, each under a name of your choice.' }),
    })
    .superRefine(judgePage)
    .openapi('OneShotScrape', {
      example: {
        url: 'https://example.com',
        elements: {
          title: { selector: 'h1' },
          links: { selector: 'a[href]', attributes: ['href'] },
        },
      },
    });

export function toScrape(request: z.infer<ReturnType<typeof scrapeRequest>>) {
  const work: OneShotWork = { what: 'scrape', elements: request.elements };
  return { ...toPage(request), work };
}

const Match = z
  .object({
    text: z
      .string()
      .openapi({ description: 'The text as it is displayed, without surrounding whitespace.' }),
    html: z.string().openapi({ description: 'The HTML of the element itself and its contents.' }),
    attributes: z.record(z.string(), z.string()),
    isTruncated: z.boolean().openapi({
      description:
        'Whether one of these values was longer than 100,000 characters and was cut off.',
    }),
  })
  .openapi('ScrapedElement');

export const ScrapeBody = z
  .object({
    title: z.string(),
    elements: z.record(z.string(), z.array(Match)).openapi({
      description:
        'The matches for each name in the request, in page order; an empty list if nothing matched.',
    }),
  })
  .openapi('Scraped', {
    example: {
      title: 'Example Domain',
      elements: {
        title: [
          {
            text: 'Example Domain',
            html: '<h1>Example Domain</h1>',
            attributes: {},
            isTruncated: false,
          },
        ],
      },
    },
  });
