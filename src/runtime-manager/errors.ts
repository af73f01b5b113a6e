/** Everything the core can refuse or fail with. The edge decides what each means in HTTP. */
export type RuntimeErrorCode =
  | 'workspace.not_found'
  | 'runtime.not_found'
  | 'runtime.alias_in_use'
  | 'runtime.active'
  | 'runtime.not_active'
  | 'runtime.stopped'
  | 'runtime.unsupported'
  | 'runtime.launch_failed'
  | 'runtime.held_elsewhere'
  | 'connection.ticket_invalid'
  | 'connection.ticket_expired'
  | 'connection.revoked'
  | 'connection.not_found'
  | 'connection.unsupported'
  | 'connection.unavailable'
  | 'connection.version_mismatch'
  | 'connection.failed'
  | 'service.shutting_down';

/** `message` and `details` are shown to the customer; `cause` is only logged. */
export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;
  readonly details: Record<string, unknown> | undefined;

  constructor(
    code: RuntimeErrorCode,
    message: string,
    options: { details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'RuntimeError';
    this.code = code;
    this.details = options.details;
  }
}
