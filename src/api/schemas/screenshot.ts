import { z } from '@hono/zod-openapi';
import {
  IMAGE_FORMATS,
  type ImageFormat,
  type ScreenshotRequest,
} from '../../runtime-manager/index.ts';
import { CdpId } from './event.ts';

const WIDTH_MAX = 7680;
const QUALITY_MAX = 100;
/** A thumbnail is small, a full picture sharp. */
const QUALITY = { thumbnail: 50, full: 90 };

export const ScreenshotQuery = z
  .strictObject({
    pageId: CdpId.optional().openapi({
      description:
        'The CDP targetId of the page; by default the default page, or the newest if there is none.',
    }),
    width: z.coerce.number().int().min(1).max(WIDTH_MAX).optional().openapi({
      description:
        'The width of the picture in pixels, whose ratio stays. A page that is not as wide keeps its size. By default the whole viewport, in CSS pixels.',
    }),
    format: z.enum(IMAGE_FORMATS).optional().openapi({
      description:
        'By default `jpeg` with a `width`, and `png` without. `webp` has no `width`: Chromium scales only the others without resizing the page.',
    }),
    quality: z.coerce
      .number()
      .int()
      .min(1)
      .max(QUALITY_MAX)
      .optional()
      .openapi({
        description: `Of \`jpeg\` and \`webp\`; by default ${QUALITY.thumbnail} with a \`width\`, and ${QUALITY.full} without.`,
      }),
  })
  .refine(({ format, width }) => format !== 'webp' || width === undefined, {
    path: ['format'],
    message: 'A picture with a width has to be jpeg or png',
  })
  .refine(
    ({ quality, format, width }) => quality === undefined || formatOf(format, width) !== 'png',
    {
      path: ['quality'],
      message: 'A png has no quality: leave it out, or ask for jpeg or webp',
    },
  );

export function toScreenshotRequest({
  pageId,
  width,
  quality,
  format: asked,
}: z.infer<typeof ScreenshotQuery>): ScreenshotRequest {
  const format = formatOf(asked, width);
  const usual = width === undefined ? QUALITY.full : QUALITY.thumbnail;
  return { pageId, width, format, ...(format !== 'png' && { quality: quality ?? usual }) };
}

function formatOf(format: ImageFormat | undefined, width: number | undefined): ImageFormat {
  return format ?? (width === undefined ? 'png' : 'jpeg');
}
