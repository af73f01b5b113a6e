/** https://www.w3.org/TR/webdriver2/#handling-errors */
const STATUS = {
  'invalid argument': 400,
  'invalid session id': 404,
  'session not created': 500,
} as const;

type WebDriverErrorCode = keyof typeof STATUS;

/** A refusal in the words of WebDriver; `message` is shown to the customer. */
export class WebDriverError extends Error {
  readonly code: WebDriverErrorCode;

  constructor(code: WebDriverErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'WebDriverError';
    this.code = code;
  }
}

export function webdriverError(error: WebDriverErrorCode, message: string): Response {
  return Response.json({ value: { error, message, stacktrace: '' } }, { status: STATUS[error] });
}
