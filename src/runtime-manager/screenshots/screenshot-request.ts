import { z } from 'zod';

export const IMAGE_FORMATS = ['jpeg', 'png', 'webp'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** What a screenshot is to be. */
export const ScreenshotRequest = z.object({
  /** Undefined: the default page, else the newest one. */
  pageId: z.string().optional(),
  /** In pixels. Undefined, or more than the page has: as wide as the page. Not for webp. */
  width: z.coerce.number().optional(),
  format: z.enum(IMAGE_FORMATS),
  /** 1 to 100; without meaning for png. */
  quality: z.coerce.number().exactOptional(),
});
export type ScreenshotRequest = z.infer<typeof ScreenshotRequest>;

/** The companion that takes screenshots. */
export const SCREENSHOTS = 'screenshots';

/** Where the companion is asked for a screenshot. */
export function screenshotPath(request: ScreenshotRequest): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(request)) {
    if (value !== undefined) query.set(name, String(value));
  }
  return `/${SCREENSHOTS}?${query.toString()}`;
}

/** Reads the query of such a path. */
export function parseScreenshotQuery(query: string): ScreenshotRequest {
  return ScreenshotRequest.parse(Object.fromEntries(new URLSearchParams(query)));
}
