import type { CaptchaOptions } from './watcher.ts';
import { SOLVER_KINDS, type CaptchaKind } from './kinds.ts';

/** Something that was asked for and is done in part. */
export interface RuntimeWarning {
  code: 'captcha.no_solver';
  message: string;
  /** Of captchas: those that are not solved. */
  kinds: readonly CaptchaKind[];
}

/** What a runtime that is to solve captchas cannot do here. */
export function captchaWarnings({ solver }: CaptchaOptions): RuntimeWarning[] {
  if (solver) return [];
  const message =
    'No solver is configured: of captchas only those are solved that are proof of work.';
  return [{ code: 'captcha.no_solver', message, kinds: SOLVER_KINDS }];
}
