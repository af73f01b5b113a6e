import type { Calls } from './call.ts';
import { CONTEXT_CALLS, PAGE_LIST_CALLS } from './context-calls.ts';
import {
  CONSOLE_MESSAGE_CALLS,
  DIALOG_CALLS,
  DOWNLOAD_CALLS,
  FILE_CHOOSER_CALLS,
  JS_HANDLE_CALLS,
  REQUEST_CALLS,
  RESPONSE_CALLS,
  SUBSCRIPTION_CALLS,
} from './handle-calls.ts';
import { KEYBOARD_CALLS, MOUSE_CALLS, TOUCHSCREEN_CALLS } from './input-calls.ts';
import type { Kind } from './kinds.ts';
import { FRAME_LOCATOR_CALLS, LOCATOR_CALLS, LOCATOR_LIST_CALLS } from './locator-calls.ts';
import { PAGE_CALLS } from './page-calls.ts';

/** Every call that a step may make, by what it is made on. Whatever is not here cannot be called. */
export const CALLS: Readonly<Record<Kind, Calls>> = {
  page: PAGE_CALLS,
  context: CONTEXT_CALLS,
  keyboard: KEYBOARD_CALLS,
  mouse: MOUSE_CALLS,
  touchscreen: TOUCHSCREEN_CALLS,
  locator: LOCATOR_CALLS,
  frameLocator: FRAME_LOCATOR_CALLS,
  jsHandle: JS_HANDLE_CALLS,
  pageList: PAGE_LIST_CALLS,
  locatorList: LOCATOR_LIST_CALLS,
  dialog: DIALOG_CALLS,
  download: DOWNLOAD_CALLS,
  fileChooser: FILE_CHOOSER_CALLS,
  request: REQUEST_CALLS,
  response: RESPONSE_CALLS,
  consoleMessage: CONSOLE_MESSAGE_CALLS,
  subscription: SUBSCRIPTION_CALLS,
};

/** The call of a name; undefined when there is none. */
export function findCall(kind: Kind, name: string): Calls[string] | undefined {
  return Object.hasOwn(CALLS[kind], name) ? CALLS[kind][name] : undefined;
}
