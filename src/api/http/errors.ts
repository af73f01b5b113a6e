import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import { isDatabaseUnavailable } from '../../db/queries/database-errors.ts';
import { RuntimeError, type RuntimeErrorCode } from '../../runtime-manager/runtime/index.ts';

/** Exhaustive: a code of the core without a status does not compile. */
const RUNTIME_ERROR_STATUS = {
  'auth.forbidden': 403,
  'api_key.not_found': 404,
  'api_key.last_admin': 409,
  'api_key.not_limited': 400,
  'workspace.not_found': 404,
  'workspace.name_in_use': 409,
  'workspace.has_active_runtimes': 409,
  'node.not_found': 404,
  'runtime.not_found': 404,
  'runtime.alias_in_use': 409,
  'runtime.active': 409,
  'runtime.stopped': 409,
  'runtime.not_active': 410,
  'runtime.launch_failed': 502,
  'runtime.unreachable': 502,
  'runtime.no_capacity': 503,
  'runtime.quota_exceeded': 429,
  'profile.not_found': 404,
  'profile.name_in_use': 409,
  'profile.version_not_found': 404,
  'profile.in_use': 409,
  'profile.version_damaged': 422,
  'profile.locale_unavailable': 422,
  'profile.invalid_import': 400,
  'profile.save_failed': 500,
  'proxy.unreachable': 502,
  'proxy.auth_failed': 502,
  'proxy.timeout': 502,
  'proxy.protocol_error': 502,
  'proxy.not_allowed': 422,
  'extension.not_found': 404,
  'extension.in_use': 409,
  'extension.conflict': 409,
  'extension.invalid_package': 400,
  'extension.load_failed': 502,
  'extension.download_failed': 502,
  'extension.url_not_allowed': 422,
  'captcha.not_found': 404,
  'captcha.unsupported': 422,
  'captcha.limit_reached': 422,
  'captcha.solver_refused': 502,
  'captcha.no_balance': 502,
  'captcha.unsolvable': 502,
  'captcha.solver_failed': 502,
  'captcha.solver_unavailable': 502,
  'captcha.rejected': 502,
  'captcha.site_key_unknown': 422,
  'captcha.page_gone': 409,
  'captcha.timeout': 502,
  'storage.namespace_not_found': 404,
  'storage.name_in_use': 409,
  'storage.not_empty': 409,
  'storage.quota_exceeded': 409,
  'storage.object_missing': 500,
  'file.not_found': 404,
  'file.path_in_use': 409,
  'file.too_large': 413,
  'file.no_content': 409,
  'recording.not_found': 404,
  'recording.active': 409,
  'recording.not_ready': 409,
  'recording.expired': 410,
  'recording.unsupported': 422,
  'recording.codec_unavailable': 422,
  'recording.conversion_failed': 502,
  'operation.not_found': 404,
  'operation.too_many': 429,
  'webhook.not_found': 404,
  'webhook.too_many': 409,
  'webhook.url_not_allowed': 422,
  'page.not_found': 404,
  'page.unavailable': 409,
  'page.load_failed': 422,
  'page.selector_not_found': 422,
  'page.invalid_option': 400,
  'page.too_large': 422,
  'page.crashed': 422,
  'page.timeout': 504,
  'connection.ticket_invalid': 401,
  'connection.ticket_expired': 401,
  'connection.revoked': 410,
  'connection.not_found': 404,
  'connection.unsupported': 400,
  'connection.unavailable': 422,
  'connection.version_mismatch': 428,
  'connection.failed': 502,
  'service.unavailable': 503,
  'service.shutting_down': 503,
} as const satisfies Record<RuntimeErrorCode, ContentfulStatusCode>;

const API_ERROR_STATUS = {
  'request.invalid': 400,
  'auth.required': 401,
  'session.foreign_page': 403,
  'route.not_found': 404,
  'route.method_not_allowed': 405,
  'idempotency.mismatch': 409,
  'idempotency.in_progress': 409,
  'idempotency.two_keys': 409,
  'request.rate_limited': 429,
  'request.too_large': 413,
  'request.range_not_satisfiable': 416,
  'request.upgrade_required': 426,
  'request.unsupported_media_type': 415,
  'server.error': 500,
} as const satisfies Record<string, ContentfulStatusCode>;
export type ApiErrorCode = keyof typeof API_ERROR_STATUS;
export type ErrorCode = RuntimeErrorCode | ApiErrorCode;

/** The HTTP status of each code. */
export const ERROR_STATUS: Readonly<Record<ErrorCode, ContentfulStatusCode>> = {
  ...RUNTIME_ERROR_STATUS,
  ...API_ERROR_STATUS,
};

/** What a caller can do about a refusal of the core, in terms of this API. */
const HINTS: Partial<Record<RuntimeErrorCode, string>> = {
  'workspace.has_active_runtimes':
    'Stop the runtimes first, or delete with ?force=true, which stops them.',
  'storage.not_empty': 'Delete its files first, or delete with ?force=true, which deletes them.',
  'storage.quota_exceeded': 'Delete files that nobody needs any more.',
  'webhook.too_many': 'Delete webhooks that nobody needs any more.',
  'recording.not_ready':
    'Ask again in some seconds, or play the parts that are there: POST …/embed/recording gives a player.',
  'recording.unsupported':
    'Create the runtime without `recording`, or give the service a newer Chromium.',
  'recording.codec_unavailable':
    'Load the video without `codec`, as AV1, or give the service a Chromium that encodes H.264.',
  'recording.conversion_failed':
    'Load the video without `codec`, as AV1. An hour after it was asked for, it can be asked for again.',
  'page.not_found': 'Leave pageId out for the default page, or open a page first.',
  'page.timeout':
    'Give it a longer timeoutMs, or wait for less: waitFor.state can be `domcontentloaded`.',
  'page.unavailable':
    'Reload a page that has crashed, and close a dialog that is open. A page that is only busy can be tried again.',
};

interface ErrorExtras {
  details?: Record<string, unknown> | undefined;
  hint?: string | undefined;
}

/** What a refusal says in its headers. */
interface RefusalHeaders {
  /** After how long a retry can succeed. */
  retryAfterSeconds?: number;
  /** The methods that the path has. */
  allow?: readonly string[];
  /** The only protocol that the address serves. */
  upgrade?: string;
  /** Which bytes there are, as the header says it. */
  contentRange?: string;
}

/** A refusal by the API itself, before the request reaches the core. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;
  readonly extras: ErrorExtras;
  readonly headers: Record<string, string>;

  constructor(
    code: ApiErrorCode,
    message: string,
    {
      retryAfterSeconds,
      allow,
      upgrade,
      contentRange,
      ...extras
    }: ErrorExtras & RefusalHeaders = {},
  ) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.extras = extras;
    this.headers = {
      ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
      ...(allow && { allow: allow.join(', ') }),
      ...(upgrade && { upgrade, connection: 'Upgrade' }),
      ...(contentRange && { 'content-range': contentRange }),
    };
  }
}

/** The one body of every error. */
export interface ErrorBody extends ErrorExtras {
  error: string;
  code: string;
  requestId: string;
}

export interface ErrorAnswer {
  status: ContentfulStatusCode;
  headers: Record<string, string>;
  body: ErrorBody;
}

/** The status of the answer to what was thrown. */
export function statusOfError(error: unknown): number {
  if (error instanceof RuntimeError || error instanceof ApiError) return ERROR_STATUS[error.code];
  return isDatabaseUnavailable(error) ? 503 : 500;
}

const RETRY_AFTER_S = '5';

/** Maps whatever was thrown to its answer. Logs unexpected errors, and reveals nothing of them. */
export function toErrorAnswer(error: unknown, requestId: string, log: Logger): ErrorAnswer {
  if (error instanceof RuntimeError) {
    const status = ERROR_STATUS[error.code];
    if (error.code === 'service.unavailable' && error.cause !== undefined) {
      log.warn({ err: error, requestId }, 'a request failed because something is away');
    }
    const refused = answer(status, error.code, error.message, {
      requestId,
      details: error.details,
      hint: HINTS[error.code],
    });
    if (error.retryAfterSeconds !== undefined) {
      refused.headers['retry-after'] = String(error.retryAfterSeconds);
    }
    return refused;
  }
  if (error instanceof ApiError) {
    const status = ERROR_STATUS[error.code];
    const refused = answer(status, error.code, error.message, { requestId, ...error.extras });
    Object.assign(refused.headers, error.headers);
    return refused;
  }
  if (error instanceof HTTPException && error.status < 500) {
    // Hono itself refuses only bodies that are not JSON.
    const issues = [{ in: 'body', path: '', message: error.message }];
    return answer(error.status, 'request.invalid', error.message, {
      requestId,
      details: { issues },
    });
  }
  if (isDatabaseUnavailable(error)) {
    log.warn({ err: error, requestId }, 'a request failed because the database is away');
    return answer(503, 'service.unavailable', 'The service has no database now.', { requestId });
  }
  log.error({ err: error, requestId }, 'a request failed unexpectedly');
  return answer(500, 'server.error', 'The service failed to carry out the request.', { requestId });
}

function answer(
  status: ContentfulStatusCode,
  code: string,
  message: string,
  { requestId, ...extras }: ErrorExtras & { requestId: string },
): ErrorAnswer {
  const headers: Record<string, string> = {};
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (status === 503 || status === 429) headers['retry-after'] = RETRY_AFTER_S;
  return { status, headers, body: { error: message, code, ...extras, requestId } };
}
