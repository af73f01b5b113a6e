/** Widgets that let the browser compute for a while, and so solve themselves in the page. */
export const PROOF_OF_WORK_KINDS = ['altcha', 'cap', 'friendly_captcha', 'mcaptcha'] as const;
export type ProofOfWorkKind = (typeof PROOF_OF_WORK_KINDS)[number];

/** Widgets whose token a solver has to bring. */
export const TOKEN_KINDS = [
  'recaptcha_v2',
  'recaptcha_v2_enterprise',
  'recaptcha_v3',
  'recaptcha_v3_enterprise',
  'hcaptcha',
  'turnstile',
] as const;
export type TokenKind = (typeof TOKEN_KINDS)[number];

/** The kinds that only a configured solver solves. */
export const SOLVER_KINDS = [...TOKEN_KINDS, 'image'] as const;

export const CAPTCHA_KINDS = [...PROOF_OF_WORK_KINDS, ...SOLVER_KINDS] as const;
export type CaptchaKind = (typeof CAPTCHA_KINDS)[number];

/** What became of a captcha. */
export const CAPTCHA_STATUSES = ['solved', 'failed', 'unsupported'] as const;

export function isProofOfWork(kind: CaptchaKind): kind is ProofOfWorkKind {
  return PROOF_OF_WORK_KINDS.some((one) => one === kind);
}
