import type {
  ConsoleMessage,
  Dialog,
  Download,
  FileChooser,
  JSHandle,
  Request,
  Response,
} from 'playwright-core';
import { files, flag, source, text } from './arguments.ts';
import { callsOn } from './call.ts';
import { pageArgument } from './page-argument.ts';
import type { Subscription } from './kinds.ts';

const argument = pageArgument.exactOptional();
const VALUE = { yields: 'value' } as const;

export const JS_HANDLE_CALLS = callsOn<JSHandle>()({
  evaluate: { args: [source, argument], yields: 'value' },
  evaluateHandle: { args: [source, argument], yields: 'jsHandle' },
  getProperty: { args: [text], yields: 'jsHandle' },
  jsonValue: VALUE,
  dispose: {},
});

export const SUBSCRIPTION_CALLS = callsOn<Subscription>()({
  value: { yields: 'event' },
});

export const DIALOG_CALLS = callsOn<Dialog>()({
  accept: { args: [text.exactOptional()] },
  dismiss: {},
  message: VALUE,
  defaultValue: VALUE,
  type: VALUE,
});

export const DOWNLOAD_CALLS = callsOn<Download>()({
  suggestedFilename: VALUE,
  url: VALUE,
  failure: VALUE,
  cancel: {},
});

export const FILE_CHOOSER_CALLS = callsOn<FileChooser>()({
  setFiles: { args: [files], options: { noWaitAfter: flag }, limits: 'signal' },
  isMultiple: VALUE,
});

const MESSAGE = {
  url: VALUE,
  headers: VALUE,
  allHeaders: VALUE,
  headerValue: { args: [text], yields: 'value' },
} as const;

export const REQUEST_CALLS = callsOn<Request>()({
  ...MESSAGE,
  method: VALUE,
  postData: VALUE,
  resourceType: VALUE,
  isNavigationRequest: VALUE,
  failure: VALUE,
  timing: VALUE,
  response: { yields: 'response' },
});

export const RESPONSE_CALLS = callsOn<Response>()({
  ...MESSAGE,
  status: VALUE,
  statusText: VALUE,
  ok: VALUE,
  text: VALUE,
  json: VALUE,
  finished: VALUE,
  request: { yields: 'request' },
});

export const CONSOLE_MESSAGE_CALLS = callsOn<ConsoleMessage>()({
  text: VALUE,
  type: VALUE,
  location: VALUE,
});
