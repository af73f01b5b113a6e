import { z } from 'zod';
import type { CompanionVerb } from '../companion.ts';

/** How far the downloads are that are under way, by the ids of their files. */
export const downloadProgress = {
  name: 'files.progress',
  message: z.object({}),
  answer: z.record(
    z.string(),
    z.object({
      receivedBytes: z.number(),
      /** Undefined: the site did not say. */
      totalBytes: z.number().optional(),
    }),
  ),
} as const satisfies CompanionVerb<z.ZodType, z.ZodType>;
export type DownloadProgress = z.infer<typeof downloadProgress.answer>;

/**
 * Puts stored content where the browser can read it, and answers the path that the browser knows it
 * by. Throws `file.too_large` when it has more than the browser may keep.
 */
export const stageFile = {
  name: 'files.stage',
  message: z.object({
    /** Of the object that has the content. */
    key: z.string(),
    name: z.string(),
    sizeBytes: z.number(),
  }),
  answer: z.object({ path: z.string() }),
} as const satisfies CompanionVerb<z.ZodType, z.ZodType>;
