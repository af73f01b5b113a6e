import type { Kind, KindTypes } from '../../operations/calls/kinds.ts';

/** A method by which an object of each kind is known from others. */
const MARKS: { readonly [K in Kind]: keyof KindTypes[K] & string } = {
  page: 'goto',
  context: 'newPage',
  keyboard: 'insertText',
  mouse: 'wheel',
  touchscreen: 'tap',
  locator: 'allTextContents',
  frameLocator: 'owner',
  jsHandle: 'jsonValue',
  pageList: 'at',
  locatorList: 'at',
  dialog: 'defaultValue',
  download: 'suggestedFilename',
  fileChooser: 'isMultiple',
  request: 'postData',
  response: 'statusText',
  consoleMessage: 'location',
  subscription: 'value',
};

export function isOfKind<K extends Kind>(kind: K, value: unknown): value is KindTypes[K] {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, MARKS[kind]) === 'function'
  );
}
