import { z } from 'zod';
import type { CompanionVerb } from '../companion.ts';
import { CAPTCHA_KINDS, CAPTCHA_STATUSES } from './kinds.ts';

/** What became of one captcha. */
const CaptchaResult = z.object({
  kind: z.enum(CAPTCHA_KINDS),
  /** The origin of the frame that it is in. */
  site: z.string(),
  siteKey: z.string().optional(),
  pageId: z.string(),
  status: z.enum(CAPTCHA_STATUSES),
  /** Why the captcha is not solved. */
  code: z.string().optional(),
  durationMs: z.number(),
});
export type CaptchaResult = z.infer<typeof CaptchaResult>;

/**
 * Solves the captchas that are on the pages of a runtime now, whether or not it solves those that
 * appear later. Throws `captcha.not_found`, `captcha.timeout`, `runtime.not_active` when the runtime
 * ends meanwhile, or the first captcha's failure when none could be solved.
 */
export const solveCaptchas = {
  name: 'captchas.solve',
  message: z.object({
    /** The CDP targetId of the one page to look at; without it, all pages are looked at. */
    pageId: z.string().optional(),
    /** How long the answer may take. Solving goes on afterwards. */
    timeoutMs: z.int().positive(),
  }),
  answer: z.array(CaptchaResult),
} as const satisfies CompanionVerb<z.ZodType, z.ZodType>;
