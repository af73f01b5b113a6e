import { z } from 'zod';
import {
  choices,
  files,
  flag,
  headers,
  key,
  milliseconds,
  selector,
  source,
  text,
  textOrPattern,
  url,
  waitUntil,
} from './arguments.ts';
import { callsOn } from './call.ts';
import { PAGE_EVENTS, type WaitingPage } from './events.ts';
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
  MEDIA,
  PAGE_SCREENSHOT,
  PDF,
  STRICT,
  TYPE,
} from './option-fields.ts';

const argument = pageArgument.exactOptional();
const size = z.int().min(1).max(10_000);
const loadState = z.enum(['load', 'domcontentloaded', 'networkidle']);
const elementState = z.enum(['attached', 'detached', 'visible', 'hidden']);

const NAVIGATION = { options: { waitUntil }, limits: 'signal' } as const;
/** Asks one element that a selector matches. */
const ASK = { args: [selector], options: STRICT, limits: 'signal', yields: 'value' } as const;

export const PAGE_CALLS = callsOn<WaitingPage>()({
  ...FINDERS,
  locator: { args: [selector], options: CONTENT, yields: 'locator' },
  frameLocator: { args: [selector], yields: 'frameLocator' },

  goto: {
    args: [url],
    options: { waitUntil, referer: text },
    limits: 'signal',
    yields: 'response',
  },
  reload: { ...NAVIGATION, yields: 'response' },
  goBack: { ...NAVIGATION, yields: 'response' },
  goForward: { ...NAVIGATION, yields: 'response' },
  setContent: { ...NAVIGATION, args: [text] },
  content: { yields: 'value' },
  title: { yields: 'value' },
  url: { yields: 'value' },
  opener: { yields: 'page' },
  context: { yields: 'context' },
  bringToFront: {},
  close: { options: { runBeforeUnload: flag, reason: text } },

  click: { args: [selector], options: { ...CLICK, ...STRICT }, limits: 'signal' },
  dblclick: { args: [selector], options: { ...DOUBLE_CLICK, ...STRICT }, limits: 'signal' },
  hover: { args: [selector], options: { ...HOVER, ...STRICT }, limits: 'signal' },
  tap: { args: [selector], options: { ...HOVER, ...STRICT }, limits: 'signal' },
  check: { args: [selector], options: { ...CHECK, ...STRICT }, limits: 'signal' },
  uncheck: { args: [selector], options: { ...CHECK, ...STRICT }, limits: 'signal' },
  setChecked: { args: [selector, flag], options: { ...CHECK, ...STRICT }, limits: 'signal' },
  fill: { args: [selector, text], options: { ...FILL, ...STRICT }, limits: 'signal' },
  type: { args: [selector, text], options: { ...TYPE, ...STRICT }, limits: 'signal' },
  press: { args: [selector, key], options: { ...TYPE, ...STRICT }, limits: 'signal' },
  selectOption: {
    args: [selector, choices],
    options: { ...FILL, ...STRICT },
    limits: 'signal',
    yields: 'value',
  },
  setInputFiles: {
    args: [selector, files],
    options: { noWaitAfter: flag, ...STRICT },
    limits: 'signal',
  },
  focus: { args: [selector], options: STRICT, limits: 'signal' },
  dragAndDrop: { args: [selector, selector], options: { ...DRAG, ...STRICT }, limits: 'signal' },
  dispatchEvent: {
    args: [selector, text, eventInit.exactOptional()],
    options: STRICT,
    limits: 'signal',
  },

  textContent: ASK,
  innerText: ASK,
  innerHTML: ASK,
  inputValue: ASK,
  getAttribute: { ...ASK, args: [selector, text] },
  isChecked: ASK,
  isDisabled: ASK,
  isEditable: ASK,
  isEnabled: ASK,
  isHidden: { ...ASK, limits: 'timeout' },
  isVisible: { ...ASK, limits: 'timeout' },
  ariaSnapshot: { options: ARIA_SNAPSHOT, limits: 'signal', yields: 'value' },
  screenshot: { options: PAGE_SCREENSHOT, limits: 'signal', yields: 'file' },
  pdf: { options: PDF, yields: 'file' },

  evaluate: { args: [source, argument], yields: 'value' },
  evaluateHandle: { args: [source, argument], yields: 'jsHandle' },
  waitForFunction: {
    args: [source, argument],
    options: { polling: z.union([z.literal('raf'), z.number().min(10)]) },
    limits: 'signal',
    yields: 'jsHandle',
  },
  waitForSelector: {
    args: [selector],
    options: { state: elementState, ...STRICT },
    limits: 'signal',
  },
  waitForLoadState: { args: [loadState.exactOptional()], limits: 'signal' },
  waitForURL: { args: [textOrPattern], options: { waitUntil }, limits: 'signal' },
  waitForTimeout: { args: [milliseconds], lasts: 0 },
  waitForEvent: {
    args: [z.enum(PAGE_EVENTS)],
    limits: 'signal',
    yields: 'event',
    listens: true,
  },
  waitForRequest: { args: [textOrPattern], limits: 'signal', yields: 'request', listens: true },
  waitForResponse: { args: [textOrPattern], limits: 'signal', yields: 'response', listens: true },

  setViewportSize: { args: [z.strictObject({ width: size, height: size })] },
  viewportSize: { yields: 'value' },
  emulateMedia: { options: MEDIA },
  setExtraHTTPHeaders: { args: [headers] },
  addInitScript: { args: [z.strictObject({ content: text })] },
  addScriptTag: {
    options: { content: text, url, type: text },
  },
  addStyleTag: { options: { content: text, url } },
});
