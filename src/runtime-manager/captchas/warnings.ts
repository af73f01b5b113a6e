import type { RuntimeWarning } from '../runtime/runtime.ts';
import { SOLVER_KINDS } from './kinds.ts';
import type { CaptchaOptions } from './watcher.ts';

/** What a runtime that should solve captchas cannot do here. */
export function captchaWarnings({ solver }: CaptchaOptions): RuntimeWarning[] {
  if (solver) return [];
  const message =
    'No solver is configured: the only captchas that are solved are those of proof of work.';
  return [{ code: 'captcha.no_solver', message, kinds: SOLVER_KINDS }];
}
