/** What is wrong with one field of a request. */
export interface Issue {
  in: string;
  path: string;
  message: string;
}

/** What the service answers when it refuses a request or fails. */
interface ErrorBody {
  error: string;
  code: string;
  requestId?: string;
  hint?: string;
  details?: Record<string, unknown>;
}

export interface BctrlErrorOptions {
  status: number;
  body: ErrorBody;
  cause?: unknown;
}

/** A request that the service refused, that failed, or that did not reach the service. */
export class BctrlError extends Error {
  override readonly name = 'BctrlError';
  /** The status of the answer; 0 if there was none. */
  readonly status: number;
  /** Such as `runtime.alias_in_use`, for programs; `client.unreachable` if there was no answer. */
  readonly code: string;
  /** The first field at fault, such as `launch.profileId`, if one is. */
  readonly path: string | undefined;
  /** Everything that is wrong with the fields of the request. */
  readonly issues: Issue[];
  /** What to do about it, if the service knows. */
  readonly hint: string | undefined;
  /** By which the operator of the service finds the request in its logs. */
  readonly requestId: string | undefined;
  readonly details: Record<string, unknown>;

  constructor({ status, body, cause }: BctrlErrorOptions) {
    super(body.hint === undefined ? body.error : `${body.error} ${body.hint}`, { cause });
    this.status = status;
    this.code = body.code;
    this.details = body.details ?? {};
    this.issues = issuesIn(this.details);
    this.path = this.issues[0]?.path;
    this.hint = body.hint;
    this.requestId = body.requestId;
  }
}

/** The error that an answer stands for, whoever gave it: a proxy in between answers without a code. */
export async function errorOf(response: Response): Promise<BctrlError> {
  const text = await response.text();
  const body = parseBody(text) ?? {
    error: `The answer was ${response.status} ${response.statusText}: ${text.slice(0, 200)}`,
    code: 'client.unexpected_answer',
  };
  return new BctrlError({ status: response.status, body });
}

function parseBody(text: string): ErrorBody | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return isErrorBody(body) ? body : undefined;
  } catch {
    return undefined;
  }
}

function isErrorBody(body: unknown): body is ErrorBody {
  return typeof body === 'object' && body !== null && 'code' in body && 'error' in body;
}

function issuesIn({ issues }: Record<string, unknown>): Issue[] {
  return Array.isArray(issues) ? issues.filter(isIssue) : [];
}

function isIssue(value: unknown): value is Issue {
  return typeof value === 'object' && value !== null && 'path' in value && 'message' in value;
}
