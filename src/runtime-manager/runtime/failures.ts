import { RuntimeError, type RuntimeErrorCode } from '../errors.ts';

/** What ends a runtime, other than an error of its start, each with its sentence. */
const SENTENCES = {
  'runtime.abandoned': 'The client hung up before the runtime was ready.',
  'runtime.browser_exited': 'The browser exited by itself.',
  'runtime.browser_hung': 'The browser did not answer any more and was ended.',
  'runtime.disk_limit': 'The browser kept more on disk than a runtime may and was ended.',
  'runtime.lost': 'The service has no browser for the runtime any more.',
  'runtime.node_lost': 'The machine that held the runtime is gone.',
  'runtime.service_restarted': 'The service was restarted while the runtime was active.',
  'server.error': 'The runtime could not be started.',
} as const;
type OwnCode = keyof typeof SENTENCES;

/** What a start, a save at the end, or the join of the first client may fail with. */
const ERRORS = [
  'runtime.launch_failed',
  'runtime.no_capacity',
  'runtime.not_active',
  'profile.not_found',
  'profile.in_use',
  'profile.version_damaged',
  'profile.save_failed',
  'profile.locale_unavailable',
  'proxy.unreachable',
  'proxy.auth_failed',
  'proxy.timeout',
  'proxy.protocol_error',
  'proxy.not_allowed',
  'extension.not_found',
  'extension.conflict',
  'extension.load_failed',
  'recording.unsupported',
  'storage.object_missing',
  'connection.failed',
  'service.unavailable',
] as const satisfies readonly RuntimeErrorCode[];

export type FailureCode = OwnCode | (typeof ERRORS)[number];

/** All codes that the failure of a runtime may have. */
export const FAILURE_CODES = [...Object.keys(SENTENCES).filter(isOwn), ...ERRORS] as const;

/** Why a runtime is `failed`, in words made for the customer. */
export interface RuntimeFailure {
  code: FailureCode;
  message: string;
}

/** A failure in the words of its code; `detail` is what else the customer may know. */
export function failure(code: OwnCode, detail?: string): RuntimeFailure {
  const sentence = SENTENCES[code];
  const message = detail === undefined ? sentence : sentence.replace(/\.$/, ` (${detail}).`);
  return { code, message };
}

/** The failure that an error is. An error that is not made for the customer says nothing of itself. */
export function failureOf(error: unknown): RuntimeFailure {
  if (!(error instanceof RuntimeError)) return failure('server.error');
  const { code, message } = error;
  return isFailure(code) ? { code, message } : failure('server.error');
}

function isOwn(code: string): code is OwnCode {
  return Object.hasOwn(SENTENCES, code);
}

function isFailure(code: string): code is FailureCode {
  return FAILURE_CODES.some((one) => one === code);
}
