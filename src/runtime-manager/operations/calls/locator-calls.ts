import { z } from 'zod';
import type { FrameLocator, Locator } from 'playwright-core';
import { choices, files, flag, key, locator, selector, source, text } from './arguments.ts';
import { callsOn } from './call.ts';
import { FINDERS } from './finders.ts';
import { eventInit, pageArgument } from './page-argument.ts';
import {
  ARIA_SNAPSHOT,
  CHECK,
  CLICK,
  CONTENT,
  DOUBLE_CLICK,
  DRAG,
  FILL,
  HOVER,
  POINTER_STEPS,
  SCREENSHOT,
  TYPE,
} from './option-fields.ts';

const argument = pageArgument.exactOptional();
const selectorOrLocator = z.union([selector, locator], {
  error: 'Must be a selector, or { "handle": "…" } with the alias of a locator',
});

/** Asks the element that a locator finds. */
const ASK = { limits: 'signal', yields: 'value' } as const;
const AT = { args: [z.int()] } as const;

export const LOCATOR_CALLS = callsOn<Locator>()({
  ...FINDERS,
  locator: { args: [selectorOrLocator], options: CONTENT, yields: 'locator' },
  frameLocator: { args: [selector], yields: 'frameLocator' },
  contentFrame: { yields: 'frameLocator' },
  filter: { options: { ...CONTENT, visible: flag }, yields: 'locator' },
  and: { args: [locator], yields: 'locator' },
  or: { args: [locator], yields: 'locator' },
  first: { yields: 'locator' },
  last: { yields: 'locator' },
  nth: { ...AT, yields: 'locator' },
  page: { yields: 'page' },

  click: { options: { ...CLICK, ...POINTER_STEPS }, limits: 'signal' },
  dblclick: { options: { ...DOUBLE_CLICK, ...POINTER_STEPS }, limits: 'signal' },
  hover: { options: HOVER, limits: 'signal' },
  tap: { options: HOVER, limits: 'signal' },
  check: { options: CHECK, limits: 'signal' },
  uncheck: { options: CHECK, limits: 'signal' },
  setChecked: { args: [flag], options: CHECK, limits: 'signal' },
  fill: { args: [text], options: FILL, limits: 'signal' },
  clear: { options: FILL, limits: 'signal' },
  type: { args: [text], options: TYPE, limits: 'signal' },
  press: { args: [key], options: TYPE, limits: 'signal' },
  pressSequentially: { args: [text], options: TYPE, limits: 'signal' },
  selectOption: { args: [choices], options: FILL, limits: 'signal', yields: 'value' },
  selectText: { options: { force: flag }, limits: 'signal' },
  setInputFiles: { args: [files], options: { noWaitAfter: flag }, limits: 'signal' },
  focus: { limits: 'signal' },
  blur: { limits: 'signal' },
  dragTo: { args: [locator], options: DRAG, limits: 'signal' },
  dispatchEvent: { args: [text, eventInit.exactOptional()], limits: 'signal' },
  scrollIntoViewIfNeeded: { limits: 'signal' },

  all: { yields: 'locatorList' },
  count: { yields: 'value' },
  allInnerTexts: { yields: 'value' },
  allTextContents: { yields: 'value' },
  textContent: ASK,
  innerText: ASK,
  innerHTML: ASK,
  inputValue: ASK,
  getAttribute: { ...ASK, args: [text] },
  boundingBox: ASK,
  isChecked: ASK,
  isDisabled: ASK,
  isEditable: ASK,
  isEnabled: ASK,
  isHidden: { ...ASK, limits: 'timeout' },
  isVisible: { ...ASK, limits: 'timeout' },
  ariaSnapshot: { options: ARIA_SNAPSHOT, limits: 'signal', yields: 'value' },
  screenshot: { options: SCREENSHOT, limits: 'signal', yields: 'file' },

  evaluate: { args: [source, argument], limits: 'signal', yields: 'value' },
  evaluateAll: { args: [source, argument], yields: 'value' },
  evaluateHandle: { args: [source, argument], limits: 'signal', yields: 'jsHandle' },
  waitFor: {
    options: { state: z.enum(['attached', 'detached', 'visible', 'hidden']) },
    limits: 'signal',
  },
});

export const FRAME_LOCATOR_CALLS = callsOn<FrameLocator>()({
  ...FINDERS,
  locator: { args: [selectorOrLocator], options: CONTENT, yields: 'locator' },
  frameLocator: { args: [selector], yields: 'frameLocator' },
  owner: { yields: 'locator' },
  first: { yields: 'frameLocator' },
  last: { yields: 'frameLocator' },
  nth: { ...AT, yields: 'frameLocator' },
});

/** All elements that a locator finds, which is a list: `rows.at` makes one of them a binding. */
export const LOCATOR_LIST_CALLS = callsOn<Locator[]>()({
  at: { ...AT, yields: 'locator' },
});
