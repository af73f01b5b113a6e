import { z } from 'zod';
import { CAPTCHA_KINDS } from './kinds.ts';

const TEXT_MAX = 2000;
export const SITE_KEY = /^[\w.:-]{1,200}$/;

/** Leaves out a text that is too long, so that the document's captchas are found all the same. */
const text = z.string().max(TEXT_MAX).optional().catch(undefined);

/** A captcha of one document as detection describes it, with texts that the page's author wrote. */
export const FoundCaptcha = z.object({
  /** The id by which the document's detection knows the captcha. */
  id: z.int(),
  kind: z.enum(CAPTCHA_KINDS),
  /** The address that the solver has to solve the captcha for. */
  url: z.url().max(TEXT_MAX).catch('about:blank'),
  userAgent: z.string().max(TEXT_MAX).catch(''),
  siteKey: z.string().regex(SITE_KEY).optional().catch(undefined),
  /** The name of a function of the page that takes the token. */
  callback: text,
  action: text,
  /** https://developers.cloudflare.com/turnstile/get-started/client-side-rendering/ */
  cData: text,
  /** reCAPTCHA's `data-s`. */
  dataS: text,
  isInvisible: z.boolean(),
});
export type FoundCaptcha = z.infer<typeof FoundCaptcha>;

/** The origin of a captcha's document. */
export function siteOf({ url }: FoundCaptcha): string {
  return new URL(url).origin;
}
