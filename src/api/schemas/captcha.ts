import { z } from '@hono/zod-openapi';
import type { CaptchaResult } from '../../runtime-manager/index.ts';
import { CAPTCHA_KINDS, CAPTCHA_STATUSES } from '../../runtime-manager/runtime/index.ts';

const PAGE_ID = /^[\w-]{1,128}$/;
const TIMEOUT_DEFAULT_MS = 120_000;
const TIMEOUT_MAX_MS = 300_000;

export const SolveCaptchasRequest = z
  .strictObject({
    pageId: z.string().regex(PAGE_ID, 'Not a CDP id').optional().openapi({
      description: 'The CDP targetId of the page to check; by default all pages.',
    }),
    timeoutMs: z.int().min(1000).max(TIMEOUT_MAX_MS).default(TIMEOUT_DEFAULT_MS).openapi({
      description: 'How long the request may take, in milliseconds.',
    }),
  })
  .openapi('SolveCaptchasRequest', { example: { timeoutMs: 5000 } });

export const SolvedCaptchas = z
  .object({
    captchas: z.array(
      z
        .object({
          kind: z.enum(CAPTCHA_KINDS),
          site: z
            .string()
            .openapi({ description: 'The origin of the frame that contains the captcha.' }),
          siteKey: z.string().nullable(),
          pageId: z.string(),
          status: z.enum(CAPTCHA_STATUSES),
          code: z.string().optional().openapi({ description: 'Why the captcha was not solved.' }),
          durationMs: z.int(),
        })
        .openapi('SolvedCaptcha'),
    ),
  })
  .openapi('SolvedCaptchas');

export function toCaptchaBody({ siteKey, code, ...captcha }: CaptchaResult) {
  return { ...captcha, siteKey: siteKey ?? null, ...(code !== undefined && { code }) };
}
