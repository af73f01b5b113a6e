import type { BrowserContext, Page } from 'playwright-core';
import type { Yield } from './definition.ts';

export const PAGE_EVENTS = [
  'close',
  'console',
  'crash',
  'dialog',
  'domcontentloaded',
  'download',
  'filechooser',
  'load',
  'pageerror',
  'popup',
  'request',
  'requestfailed',
  'requestfinished',
  'response',
] as const;
export const CONTEXT_EVENTS = [
  'console',
  'dialog',
  'download',
  'page',
  'request',
  'requestfailed',
  'requestfinished',
  'response',
] as const;
type EventName = (typeof PAGE_EVENTS | typeof CONTEXT_EVENTS)[number];

/** What comes with an event. */
const YIELDS: Readonly<Record<EventName, Yield>> = {
  close: 'nothing',
  console: 'consoleMessage',
  crash: 'nothing',
  dialog: 'dialog',
  domcontentloaded: 'nothing',
  download: 'download',
  filechooser: 'fileChooser',
  load: 'nothing',
  page: 'page',
  pageerror: 'value',
  popup: 'page',
  request: 'request',
  requestfailed: 'request',
  requestfinished: 'request',
  response: 'response',
};

/** `name` is one that the arguments of a call were checked for. */
export function yieldOfEvent(name: unknown): Yield {
  return Object.entries(YIELDS).find(([event]) => event === name)?.[1] ?? 'nothing';
}

/** The events of `E` that Playwright can wait for on a `T`. */
type Known<T, E extends string> = E extends string
  ? T extends { waitForEvent(event: E): Promise<unknown> }
    ? E
    : never
  : never;
/** Playwright declares `waitForEvent` once for each event; here it is one method for all. */
type Waiting<T, E extends string> = Omit<T, 'waitForEvent'> & {
  waitForEvent(
    event: Known<T, E>,
    options?: { timeout?: number; signal?: AbortSignal },
  ): Promise<unknown>;
};
export type WaitingPage = Waiting<Page, (typeof PAGE_EVENTS)[number]>;
export type WaitingContext = Waiting<BrowserContext, (typeof CONTEXT_EVENTS)[number]>;
