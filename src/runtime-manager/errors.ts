/** Everything the core can refuse or fail with. The edge decides what each means in HTTP. */
export const RUNTIME_ERROR_CODES = [
  'auth.forbidden',
  'api_key.not_found',
  'api_key.last_admin',
  'api_key.not_limited',
  'workspace.not_found',
  'workspace.name_in_use',
  'workspace.has_active_runtimes',
  'node.not_found',
  'runtime.not_found',
  'runtime.alias_in_use',
  'runtime.active',
  'runtime.not_active',
  'runtime.stopped',
  'runtime.launch_failed',
  'runtime.unreachable',
  'runtime.no_capacity',
  'runtime.quota_exceeded',
  'profile.not_found',
  'profile.name_in_use',
  'profile.in_use',
  'profile.version_not_found',
  'profile.version_damaged',
  'profile.save_failed',
  'profile.locale_unavailable',
  'profile.invalid_import',
  'proxy.unreachable',
  'proxy.auth_failed',
  'proxy.timeout',
  'proxy.protocol_error',
  'proxy.not_allowed',
  'extension.not_found',
  'extension.in_use',
  'extension.conflict',
  'extension.invalid_package',
  'extension.load_failed',
  'extension.download_failed',
  'extension.url_not_allowed',
  'captcha.not_found',
  'captcha.unsupported',
  'captcha.limit_reached',
  'captcha.solver_refused',
  'captcha.no_balance',
  'captcha.unsolvable',
  'captcha.solver_failed',
  'captcha.solver_unavailable',
  'captcha.rejected',
  'captcha.site_key_unknown',
  'captcha.page_gone',
  'captcha.timeout',
  'storage.namespace_not_found',
  'storage.name_in_use',
  'storage.not_empty',
  'storage.quota_exceeded',
  'storage.object_missing',
  'file.not_found',
  'file.path_in_use',
  'file.too_large',
  'file.no_content',
  'recording.not_found',
  'recording.active',
  'recording.not_ready',
  'recording.expired',
  'recording.unsupported',
  'recording.codec_unavailable',
  'recording.conversion_failed',
  'operation.not_found',
  'operation.too_many',
  'webhook.not_found',
  'webhook.too_many',
  'webhook.url_not_allowed',
  'page.not_found',
  'page.unavailable',
  'page.load_failed',
  'page.selector_not_found',
  'page.invalid_option',
  'page.too_large',
  'page.crashed',
  'page.timeout',
  'connection.ticket_invalid',
  'connection.ticket_expired',
  'connection.revoked',
  'connection.not_found',
  'connection.unsupported',
  'connection.unavailable',
  'connection.version_mismatch',
  'connection.failed',
  'service.unavailable',
  'service.shutting_down',
] as const;
export type RuntimeErrorCode = (typeof RUNTIME_ERROR_CODES)[number];

/** `message` and `details` are shown to the customer; `cause` is only logged. */
export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;
  readonly details: Record<string, unknown> | undefined;
  /** After how long another try is likely to succeed, where that is known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: RuntimeErrorCode,
    message: string,
    options: {
      details?: Record<string, unknown>;
      cause?: unknown;
      retryAfterSeconds?: number;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'RuntimeError';
    this.code = code;
    this.details = options.details;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
