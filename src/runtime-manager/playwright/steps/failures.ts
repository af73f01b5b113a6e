import { stripVTControlCharacters } from 'node:util';
import type { Kind } from '../../operations/calls/kinds.ts';
import { StepError } from '../../operations/steps/step-error.ts';
import { TOO_LARGE } from './page-function.ts';

const MOST_CHARACTERS = 2000;
const CALL_LOG = '\nCall log:';
/** What Playwright says when an object in a page went with its document, and among arguments. */
const GONE = /Execution context was destroyed|context or browser has been closed/;
const GONE_ANYWHERE = /JSHandle is disposed|Cannot find context with specified id/;

/** What a customer is told of whatever a call threw. */
export function toStepError(error: unknown, on: Kind): StepError {
  if (error instanceof StepError) return error;
  const message = readable(error);
  if (message.includes(TOO_LARGE)) return new StepError('result_too_large', TOO_LARGE);
  if (GONE_ANYWHERE.test(message) || (on === 'jsHandle' && GONE.test(message))) {
    return new StepError('binding_gone', `An object is gone with its document: ${message}`);
  }
  const isTimeout = error instanceof Error && error.name === 'TimeoutError';
  return new StepError(isTimeout ? 'step_timeout' : 'step_failed', message, { cause: error });
}

/** Playwright's message, and its log of the call. */
function readable(error: unknown): string {
  const text = stripVTControlCharacters(error instanceof Error ? error.message : String(error));
  const at = text.indexOf(CALL_LOG);
  const [message, log] = at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at)];
  return (withoutStack(message).slice(0, MOST_CHARACTERS) + log.slice(0, MOST_CHARACTERS)).trim();
}

/** The lines of a stack are those of code around the customer's. */
function withoutStack(message: string): string {
  const at = message.indexOf('\n    at ');
  return at < 0 ? message : message.slice(0, at);
}
