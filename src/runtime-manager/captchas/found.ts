import { z } from 'zod';
import { CAPTCHA_KINDS } from './kinds.ts';

const TEXT_MAX = 2000;
export const SITE_KEY = /^[\w.:-]{1,200}$/;

/** One that is too long is left out: the others of its document are found all the same. */
const text = z.string().max(TEXT_MAX).optional().catch(undefined);

/** A captcha as detection describes it, in one document. What the page's author wrote is in it. */
export const FoundCaptcha = z.object({
  /** By which the document's detection knows it. */
  id: z.int(),
  kind: z.enum(CAPTCHA_KINDS),
  /** Where the solver has to think it is. */
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

/** The origin of where it is. */
export function siteOf({ url }: FoundCaptcha): string {
  return new URL(url).origin;
}
