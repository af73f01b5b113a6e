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
        'The CDP targetId of the page; by default the default page, or the newest page if there is none.',
    }),
    width: z.coerce.number().int().min(1).max(WIDTH_MAX).optional().openapi({
      description:
        'The width of the image in pixels; its aspect ratio is kept. A narrower page is not enlarged. By default, the image is as large as the viewport in CSS pixels.',
    }),
    format: z.enum(IMAGE_FORMATS).optional().openapi({
      description:
        'By default `jpeg` if `width` is given, otherwise `png`. `webp` cannot be combined with `width`, because Chromium cannot scale it without resizing the page.',
    }),
    quality: z.coerce
      .number()
      .int()
      .min(1)
      .max(QUALITY_MAX)
      .optional()
      .openapi({
        description: `Only for \`jpeg\` and \`webp\`; by default ${QUALITY.thumbnail} if \`width\` is given, otherwise ${QUALITY.full}.`,
      }),
  })
  .refine(({ format, width }) => format !== 'webp' || width === undefined, {
    path: ['format'],
    message: 'With a width, the format must be jpeg or png',
  })
  .refine(
    ({ quality, format, width }) => quality === undefined || formatOf(format, width) !== 'png',
    {
      path: ['quality'],
      message: 'A png has no quality: omit it, or request jpeg or webp',
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
