import type { JSHandle, Page } from 'playwright-core';
import type { Kind, KindTypes } from '../../operations/calls/kinds.ts';
import { StepError } from '../../operations/steps/step-error.ts';
import type { Json } from '../../operations/steps/step-outcome.ts';
import { isOfKind } from './kinds-of-objects.ts';
import { MOST_VALUE_BYTES, TOO_LARGE } from './page-function.ts';

const describePage = (page: Page) => ({ url: page.url() });
const nothing = () => null;

/** What a customer is told about objects that are bound to no alias. */
const DESCRIPTIONS: { readonly [K in Kind]: (object: KindTypes[K]) => unknown } = {
  page: describePage,
  pageList: (pages) => pages.map(describePage),
  context: nothing,
  keyboard: nothing,
  mouse: nothing,
  touchscreen: nothing,
  locator: nothing,
  locatorList: nothing,
  frameLocator: nothing,
  subscription: nothing,
  jsHandle: takeValue,
  dialog: (dialog) => ({
    type: dialog.type(),
    message: dialog.message(),
    defaultValue: dialog.defaultValue(),
  }),
  download: (download) => ({
    suggestedFilename: download.suggestedFilename(),
    url: download.url(),
  }),
  fileChooser: (chooser) => ({ isMultiple: chooser.isMultiple() }),
  request: (request) => ({
    url: request.url(),
    method: request.method(),
    resourceType: request.resourceType(),
  }),
  response: (response) => ({
    url: response.url(),
    method: response.request().method(),
    status: response.status(),
    statusText: response.statusText(),
  }),
  consoleMessage: (message) => ({ type: message.type(), text: message.text() }),
};

/** The value of an object in the page that nobody can use later. */
async function takeValue(handle: JSHandle): Promise<unknown> {
  try {
    return await handle.jsonValue();
  } finally {
    await handle.dispose();
  }
}

// The kind is what the description and the object have in common.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export async function describe<K extends Kind>(kind: K, object: unknown): Promise<Json> {
  return isOfKind(kind, object) ? toJson(await DESCRIPTIONS[kind](object)) : null;
}

/** Throws when a value is none, or too large. */
export function toJson(result: unknown): Json {
  const json = stringify(result);
  if (Buffer.byteLength(json) > MOST_VALUE_BYTES) {
    throw new StepError('result_too_large', `${TOO_LARGE}: ${MOST_VALUE_BYTES} bytes of JSON`);
  }
  const value: Json = JSON.parse(json);
  return value;
}

function stringify(value: unknown): string {
  try {
    return JSON.stringify(value ?? null, replaceUnknown);
  } catch (cause) {
    throw new StepError('step_failed', 'The result cannot be written as JSON', { cause });
  }
}

/** What JSON does not know, and Playwright returns from pages. */
function replaceUnknown(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Error ? { name: value.name, message: value.message } : value;
}
