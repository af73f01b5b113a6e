import type {
  BrowserContext,
  ConsoleMessage,
  Dialog,
  Download,
  FileChooser,
  FrameLocator,
  JSHandle,
  Keyboard,
  Locator,
  Mouse,
  Page,
  Request,
  Response,
  Touchscreen,
} from 'playwright-core';

/** What calls are made on, as Playwright names it. */
export interface KindTypes {
  page: Page;
  context: BrowserContext;
  keyboard: Keyboard;
  mouse: Mouse;
  touchscreen: Touchscreen;
  locator: Locator;
  frameLocator: FrameLocator;
  jsHandle: JSHandle;
  pageList: Page[];
  locatorList: Locator[];
  dialog: Dialog;
  download: Download;
  fileChooser: FileChooser;
  request: Request;
  response: Response;
  consoleMessage: ConsoleMessage;
  subscription: Subscription;
}
export type Kind = keyof KindTypes;

/** An event that a step listens for, and a later step waits for. */
export interface Subscription {
  value(): Promise<unknown>;
}

/** What steps find without a binding: the default page's, but for the context. */
export const TARGETS = ['page', 'context', 'keyboard', 'mouse', 'touchscreen'] as const;

/** What a page has of these is reached through it: `popup.keyboard.type`. */
export const PARTS_OF_PAGE = ['keyboard', 'mouse', 'touchscreen'] as const;

/** A call that runs a script in the page, and is made on nothing. */
export const SCRIPT_CALL = 'execute';

export const BINDING_TYPES = ['page', 'context', 'handle', 'subscription'] as const;
export type BindingType = (typeof BINDING_TYPES)[number];

/** What a customer is told about the kind of a binding. */
export function bindingType(kind: Kind): BindingType {
  return BINDING_TYPES.find((type) => type === kind) ?? 'handle';
}
