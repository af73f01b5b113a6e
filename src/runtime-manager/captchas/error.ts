import { RuntimeError, type RuntimeErrorCode } from '../errors.ts';

export type CaptchaErrorCode = Extract<RuntimeErrorCode, `captcha.${string}`>;

/** What each failure says. No message repeats anything that a solver or a page said. */
const MESSAGES = {
  'captcha.not_found': 'There is no captcha on the pages of the runtime.',
  'captcha.unsupported': 'No solver is configured that solves this kind of captcha.',
  'captcha.limit_reached': 'The runtime has solved as many captchas as it may.',
  'captcha.solver_refused': 'The solver refused the key that is configured.',
  'captcha.no_balance': 'The account at the solver has no balance.',
  'captcha.unsolvable': 'The solver could not solve the captcha.',
  'captcha.solver_failed': 'The solver refused the task, or its answer cannot be read.',
  'captcha.solver_unavailable': 'The solver could not be reached, or failed.',
  'captcha.rejected': 'The widget did not take the solution.',
  'captcha.site_key_unknown': 'The site key of the captcha could not be found.',
  'captcha.page_gone': 'The page went away before the captcha was solved.',
  'captcha.timeout': 'The captcha took too long to solve.',
} as const satisfies Record<CaptchaErrorCode, string>;

/** Why a captcha is not solved. */
export class CaptchaError extends RuntimeError {
  declare readonly code: CaptchaErrorCode;
}

export function captchaError(
  code: CaptchaErrorCode,
  options: { details?: Record<string, unknown>; cause?: unknown } = {},
): CaptchaError {
  return new CaptchaError(code, MESSAGES[code], options);
}

/** Whether another try may go better. */
export function mayRecover(code: CaptchaErrorCode): boolean {
  return (
    code === 'captcha.unsolvable' ||
    code === 'captcha.solver_unavailable' ||
    code === 'captcha.rejected'
  );
}
