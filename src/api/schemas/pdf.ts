import { z } from '@hono/zod-openapi';
import type { OneShotWork } from '../../runtime-manager/index.ts';

type Print = Extract<OneShotWork, { what: 'pdf' }>['print'];

/** Width and height in inches, as Playwright and Puppeteer have them. */
const INCHES = {
  Letter: [8.5, 11],
  Legal: [8.5, 14],
  Tabloid: [11, 17],
  Ledger: [17, 11],
  A0: [33.1, 46.8],
  A1: [23.4, 33.1],
  A2: [16.54, 23.4],
  A3: [11.7, 16.54],
  A4: [8.27, 11.7],
  A5: [5.83, 8.27],
  A6: [4.13, 5.83],
} as const;
const FORMATS = [
  'Letter',
  'Legal',
  'Tabloid',
  'Ledger',
  'A0',
  'A1',
  'A2',
  'A3',
  'A4',
  'A5',
  'A6',
] as const satisfies (keyof typeof INCHES)[];

const PIXELS = 96;
/** How many of a unit an inch has. */
const UNITS: Readonly<Record<string, number>> = { px: PIXELS, in: 1, cm: 2.54, mm: 25.4 };
const LENGTH = /^(\d{1,6}(?:\.\d{1,6})?)(px|in|cm|mm)?$/;
const MOST_INCHES = 200;

/** A number of CSS pixels, or a text with a unit. Becomes inches. */
const Length = z
  .union([z.number().min(0), z.string().regex(LENGTH, 'Not a length, such as "1cm" or 96')])
  .transform(toInches)
  .refine((inches) => inches <= MOST_INCHES, `At most ${MOST_INCHES}in`)
  .openapi({
    type: ['number', 'string'],
    description: 'A number of CSS pixels, or a string with a unit: px, in, cm or mm.',
    example: '1cm',
  });

function toInches(length: number | string): number {
  if (typeof length === 'number') return length / PIXELS;
  const [, amount, unit = 'px'] = LENGTH.exec(length) ?? [];
  return Number(amount) / (UNITS[unit] ?? PIXELS);
}

const Margin = z
  .strictObject({
    top: Length.optional(),
    right: Length.optional(),
    bottom: Length.optional(),
    left: Length.optional(),
  })
  .default({})
  .openapi('PdfMargin', { description: 'The page margins; by default none.' });

const Template = z.string().max(100_000).default('');

/** What only a PDF has, by Playwright's names. */
export const PdfFields = {
  format: z.enum(FORMATS).default('Letter').openapi({
    description: 'The paper size. `width` and `height` override it.',
  }),
  width: Length.optional(),
  height: Length.optional(),
  landscape: z.boolean().default(false),
  margin: Margin,
  scale: z.number().min(0.1).max(2).default(1),
  printBackground: z.boolean().default(false).openapi({
    description: 'Whether to print background colours and images.',
  }),
  pageRanges: z
    .string()
    .max(1000)
    .regex(/^[\d\s,-]*$/, 'Not ranges of pages, such as "1-5, 8"')
    .default('')
    .openapi({ description: 'The pages to print; by default all.', example: '1-5, 8' }),
  displayHeaderFooter: z.boolean().default(false),
  headerTemplate: Template.openapi({
    description:
      'The HTML of the header. Elements with the classes `date`, `title`, `url`, `pageNumber` and `totalPages` are filled in. Requires `displayHeaderFooter` and a margin.',
  }),
  footerTemplate: Template,
  preferCSSPageSize: z.boolean().default(false).openapi({
    description:
      "Whether a size in the page's own `@page` overrides `width`, `height` and `format`.",
  }),
  outline: z
    .boolean()
    .default(false)
    .openapi({ description: 'Whether the PDF has an outline of the headings.' }),
  tagged: z
    .boolean()
    .default(false)
    .openapi({ description: 'Whether the PDF is tagged for screen readers.' }),
};

export function toPrint(request: z.infer<z.ZodObject<typeof PdfFields>>): Print {
  const { format, width, height, margin, landscape, scale, printBackground, pageRanges } = request;
  const { displayHeaderFooter, headerTemplate, footerTemplate, preferCSSPageSize } = request;
  const [paperWidth, paperHeight] = INCHES[format];
  return {
    paperWidth: width ?? paperWidth,
    paperHeight: height ?? paperHeight,
    marginTop: margin.top ?? 0,
    marginRight: margin.right ?? 0,
    marginBottom: margin.bottom ?? 0,
    marginLeft: margin.left ?? 0,
    landscape,
    scale,
    printBackground,
    pageRanges,
    displayHeaderFooter,
    headerTemplate,
    footerTemplate,
    preferCSSPageSize,
    generateDocumentOutline: request.outline,
    generateTaggedPDF: request.tagged,
  };
}
